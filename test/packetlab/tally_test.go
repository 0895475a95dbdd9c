package packetlab

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/eks-ipv6/cdk/internal/golden"
	"github.com/eks-ipv6/cdk/preflight/catalogue"
)

// asked is the id of flows that are no part of the catalogue.
var asked = &catalogue.Flow{ID: "asked"}

const rowRandom = "random networks"

// tally counts what was held.
var tally = counts{rows: map[string]*count{}}

type counts struct {
	sync.Mutex
	order []string
	rows  map[string]*count
	nat64 int // flows left out of every row
}

// count is a row of the table in docs/packetlab.md.
type count struct {
	networks, refused, flows, packets, delivered, insufficient int
	byID                                                       map[string]int
}

func (c *counts) row(name string) *count {
	if c.rows[name] == nil {
		c.rows[name] = &count{byID: map[string]int{}}
	}
	return c.rows[name]
}

func (c *counts) add(row string, flows []*Flow, left Left) {
	c.Lock()
	defer c.Unlock()
	r := c.row(row)
	r.networks++
	r.insufficient += left.Insufficient
	c.nat64 += left.NAT64
	r.packets += len(flows)
	for _, f := range flows {
		if f.First {
			r.flows++
			r.byID[f.ID]++
		}
		if f.Trace.Verdict.OK() {
			r.delivered++
		}
	}
}

func (c *counts) refuse(row string) {
	c.Lock()
	defer c.Unlock()
	c.row(row).refused++
}

// columns are the ids of flows in the order of the catalogue.
func (c *counts) columns() []string {
	ids := map[string]bool{}
	for _, r := range c.rows {
		for id := range r.byID {
			ids[id] = true
		}
	}
	number := func(id string) (n int) {
		if _, err := fmt.Sscanf(id, "F%d", &n); err != nil {
			n = 100 + len(id)
		}
		return n
	}
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int { return cmp.Compare(number(a), number(b)) })
}

// table is the agreement as docs/packetlab.md shows it, and its sum.
func (c *counts) table() (text string, sum count) {
	var b strings.Builder
	columns := c.columns()
	fmt.Fprintf(&b, "| | networks | %s | flows | packets | of these delivered | flows not decided |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)+5))
	sum.byID = map[string]int{}
	line := func(name string, r *count) {
		fmt.Fprintf(&b, "| %s | %s |", name, number(r.networks))
		for _, id := range columns {
			fmt.Fprintf(&b, " %s |", number(r.byID[id]))
		}
		fmt.Fprintf(&b, " %s | %s | %s | %s |\n", number(r.flows), number(r.packets), number(r.delivered), number(r.insufficient))
	}
	for _, name := range c.order {
		r := c.rows[name]
		line(name, r)
		sum.networks, sum.refused, sum.flows = sum.networks+r.networks, sum.refused+r.refused, sum.flows+r.flows
		sum.packets, sum.delivered, sum.insufficient = sum.packets+r.packets, sum.delivered+r.delivered, sum.insufficient+r.insufficient
		for id, n := range r.byID {
			sum.byID[id] += n
		}
	}
	line("**all**", &sum)
	return b.String(), sum
}

// number writes 12345 as 12,345, and nothing for 0.
func number(n int) string {
	s := fmt.Sprint(n)
	if n == 0 {
		return ""
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TestDocs comes last: it holds what was counted against the table in docs/packetlab.md and the sentence in README.md.
func TestDocs(t *testing.T) {
	if tally.nat64 > 0 {
		t.Log("there is no NAT64 here: the documented run is with it")
		return
	}
	if f := *networks; f != 200 || *seed != 1 {
		t.Logf("%d random networks from seed %d: the documented run is of 200 from 1", f, *seed)
		return
	}
	for _, row := range rowOrder {
		if tally.rows[row] == nil {
			t.Logf("no %s in this run: the documented run is of all", row)
			return
		}
		tally.order = append(tally.order, row)
	}
	if extra := len(tally.rows) - len(rowOrder); extra != 0 {
		t.Fatalf("%d rows that rowOrder does not have", extra)
	}
	table, sum := tally.table()
	page := "../../docs/packetlab.md"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	sentence := fmt.Sprintf("In %s networks, %s packets of %s flows were sent as real connections, and preflight had said of every one what became of it; %s networks are such as EC2 refuses.",
		number(sum.networks), number(sum.packets), number(sum.flows), number(sum.refused))
	golden.Check(t, page, replaced(t, string(data), "agreement", sentence+"\n\n"+table))
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	short := fmt.Sprintf("%s flows in %s networks", number(sum.flows), number(sum.networks))
	golden.Check(t, "../../README.md", replaced(t, string(readme), "packetlab", short))
}

// replaced puts a text between two marks of a page.
func replaced(t *testing.T, page, mark, text string) []byte {
	t.Helper()
	begin, end := "<!-- "+mark+" -->", "<!-- /"+mark+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s in the page", begin, end)
	}
	if strings.Contains(text, "\n") {
		text = "\n" + text
	}
	return []byte(before + begin + text + end + after)
}

// rowOrder are the rows of the table.
var rowOrder = []string{
	"Ipv6Platform", "Ipv6Network with Ipv6Cluster", "Ipv6Network", "Ipv6Exposed", "InteropPeering", "InteropTransitGateway", "InteropPrivateLink",
	"InteropSameVpc", "InteropIpv6Clusters", "CDK's stock constructs", "eksctl", "templates of the tests of preflight/flow",
	"templates of the tests of preflight/rules", "regressions", rowRandom,
}
