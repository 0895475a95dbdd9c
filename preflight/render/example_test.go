package render_test

import (
	"fmt"
	"strings"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

func ExampleText() {
	network, err := flow.Load("../flow/testdata/cluster.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	text := render.Text(network.Check(), render.TextOptions{})
	first, _, _ := strings.Cut(text, "\n")
	fmt.Println(strings.Join(strings.Fields(first), " "))
	// Output:
	// F1 ✓ Pod to Pod in the cluster 10 of 10 Delivered
}
