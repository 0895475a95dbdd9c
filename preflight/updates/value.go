package updates

import (
	"slices"
	"strings"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

// certainty is how sure it is that something changes.
type certainty int

const (
	same    certainty = iota
	perhaps           // the deployment decides
	surely
)

// differ tells whether a value changes: itself, or what it refers to.
func (c *comparison) differ(was, is cfn.Value) certainty {
	switch {
	case !was.Exists() && !is.Exists():
		return same
	case !was.Exists() || !is.Exists():
		if vanishes(was) || vanishes(is) {
			return perhaps
		}
		return surely
	}
	refWas, isRefWas := referenceOf(was)
	refIs, isRefIs := referenceOf(is)
	switch {
	case isRefWas && isRefIs:
		return c.differReferences(refWas, refIs)
	case isRefWas && is.Kind() == cfn.Scalar:
		if stack := c.after[refWas.resource.Stack]; stack != nil && stack.Resource(refWas.resource.ID) == nil && !kept(refWas.resource.DeletionPolicy()) {
			return surely // it is deleted, so the text is of something else
		}
		return perhaps
	case isRefIs && was.Kind() == cfn.Scalar:
		if c.twin(refIs.resource) == nil {
			return surely // it is made by this update
		}
		return perhaps
	case was.Kind() != is.Kind():
		if was.Known() && is.Known() {
			return surely
		}
		return perhaps
	}
	switch was.Kind() {
	case cfn.Scalar:
		a, _ := was.Text()
		b, _ := is.Text()
		if a == b || strings.Contains(a, "?") && a == ascii(b) {
			return same
		}
		return surely
	case cfn.Map:
		worst := same
		for _, k := range slices.Concat(was.Keys(), is.Keys()) {
			worst = max(worst, c.differ(was.Field(k), is.Field(k)))
		}
		return worst
	case cfn.Call:
		return c.differCalls(was, is)
	default:
	}
	a, b := children(was), children(is)
	if len(a) != len(b) {
		if was.Kind() == cfn.Text || slices.ContainsFunc(a, vanishes) || slices.ContainsFunc(b, vanishes) {
			return perhaps
		}
		return surely
	}
	return c.differLists(a, b)
}

func (c *comparison) differLists(a, b []cfn.Value) certainty {
	worst := same
	for i := range a {
		worst = max(worst, c.differ(a[i], b[i]))
	}
	return worst
}

func (c *comparison) differCalls(was, is cfn.Value) certainty {
	f, a, _ := was.Call()
	g, b, _ := is.Call()
	if f != g || len(a) != len(b) {
		return perhaps
	}
	worst := c.differLists(a, b)
	switch f {
	case "Fn::GetStackOutput": // read when the stack is deployed, after the one that it is of
		return max(worst, c.followOutput(b))
	case "Ref", "Condition", "Fn::If", "path": // other parameters, or other branches, may come to the same
		return min(worst, perhaps)
	}
	return worst
}

func (c *comparison) differReferences(was, is reference) certainty {
	switch {
	case c.twin(is.resource) != was.resource:
		return surely
	case was.attribute == is.attribute:
		return c.follow(is)
	case was.attribute == "" || is.attribute == "":
		return max(perhaps, c.follow(is)) // an attribute may be the id
	}
	return surely
}

// follow tells whether what a reference stands for changes with the resource.
func (c *comparison) follow(ref reference) certainty {
	if output, ok := strings.CutPrefix(ref.attribute, "Outputs."); ok && ref.resource.Type == nestedStack {
		if child := ref.resource.Stack.Nested(ref.resource.ID); child != nil && c.before[child] != nil {
			return c.differ(c.before[child].Output(output), child.Output(output))
		}
	}
	change, ok := c.changes[ref.resource]
	if !ok {
		return same
	}
	if change.Kind == Replaced && !change.Maybe {
		return surely
	}
	if change.Kind == Replaced || change.Unknown {
		return perhaps
	}
	worst := same
	for _, p := range volatile[change.Type][ref.attribute] {
		worst = max(worst, change.certainty[p])
	}
	return worst
}

// followOutput tells whether an output of another stack changes: args are the stack's name and the output's.
func (c *comparison) followOutput(args []cfn.Value) certainty {
	if c.reading > 20 { // outputs that read one another in a circle
		return perhaps
	}
	c.reading++
	defer func() { c.reading-- }()
	worst := same
	for is, was := range c.before {
		if is.Parent == nil && len(args) > 1 && args[0].Is(is.Name) {
			output, _ := args[1].Text()
			worst = max(worst, c.differ(was.Output(output), is.Output(output)))
		}
	}
	return worst
}

// vanishes says that a value may turn out to be none at all.
func vanishes(v cfn.Value) bool {
	fn, _, ok := v.Call()
	return ok && fn == "Fn::If"
}

// ascii is a text as GetTemplate gives it back, with a question mark for what is not ASCII.
// Source: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 127 {
			return '?'
		}
		return r
	}, s)
}

// kept says that a DeletionPolicy or UpdateReplacePolicy leaves the resource in the account.
func kept(policy cfn.Value) bool {
	text, _ := policy.Text()
	return strings.HasPrefix(text, "Retain")
}
