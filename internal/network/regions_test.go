package network_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
)

// TestRegions holds what a region is: the packets of a question that fare as its example does. Packets drawn from a question, each
// walked by itself, are in one region of the answer and come to that region's end by its way. So are the packets at the edges of
// every region, one step inside and one step outside.
func TestRegions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../preflight/flow/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n, err := network.Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(1, 2))
			results, _ := catalogue.Ask(n)
			for _, r := range results {
				network.CheckRegions(t, n, r.Trace, rnd)
			}
		})
	}
}
