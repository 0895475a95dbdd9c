package cfn

import (
	"sort"
	"strings"
	"sync"
	"sync/atomic"
)

// Options say what a template leaves to its deployment. The zero value leaves all of it open.
type Options struct {
	// Region, AccountID and Partition are the values of AWS::Region, AWS::AccountId and
	// AWS::Partition. A stack of a cloud assembly that names its environment goes before them.
	// Default: symbolic.
	Region, AccountID, Partition string
	// Parameters are values for the parameters of the top-level stacks, by name, or by
	// "stack.name" where two stacks share a name. Default: each parameter's own Default.
	Parameters map[string]string
	// Attribute is the first provider; see [Set.Provide]. Default: none.
	Attribute Provider
	// Apart leaves open what a template says only together with others or with its environment: pseudo parameters, what
	// another stack exports, what a nested stack puts out. Two loads of one template are then the same, whether it comes from
	// an assembly or alone. Default: false.
	Apart bool
}

// Provider gives the value of an attribute that only a deployment knows, for example
// Ipv6CidrBlocks of a VPC; ok is false for what it does not decide. Physical ids are not asked for: a
// reference stays one. A provider may read other properties; it is called anew for every evaluation and
// must give the same answer for the same question.
type Provider func(r *Resource, attr string) (v Value, ok bool)

// Source is a template in memory.
type Source struct {
	Name string // Name is the file name that errors and [Stack.Name] show.
	Data []byte
}

// Set is one or more stacks that are deployed side by side. It is safe for concurrent readers.
type Set struct {
	opts     Options
	stacks   []*Stack
	exports  []export
	repeated map[string]bool // logical ids that several stacks have
	provider Provider
	depth    atomic.Int32 // provider calls in flight
	mu       sync.Mutex   // guards provider, notes and noted
	notes    []Note
	noted    map[Note]bool
}

// Note is something a reader of the result should know: a join by likeness, a nested template that is
// not at hand. It is no error.
type Note struct {
	Stack *Stack // Stack is where it was found.
	Path  string // Path is the place in the template, for example Resources.Web.Properties.VpcId.
	Text  string
	// Unread says that resources of the deployment are not seen: those of a nested stack, of a loop or of a macro.
	Unread bool
	// Twice says that a key stands twice.
	Twice bool
}

// Stacks lists the top-level stacks in load order, each followed by its nested stacks.
func (s *Set) Stacks() []*Stack { return s.stacks }

// Resources lists the resources of the given types, or all of them, in load order of their stacks and
// by logical id within one. Resources whose condition is false are not there.
func (s *Set) Resources(types ...string) []*Resource {
	var out []*Resource
	for _, st := range s.stacks {
		for _, r := range st.resources {
			if len(types) == 0 {
				out = append(out, r)
				continue
			}
			for _, t := range types {
				if r.Type == t {
					out = append(out, r)
					break
				}
			}
		}
	}
	return out
}

// Find lists the resources whose logical id or construct path is name; the path may leave out the "/Resource" that
// CDK appends for the resource within a construct.
func (s *Set) Find(name string) []*Resource {
	var out []*Resource
	for _, st := range s.stacks {
		for _, r := range st.resources {
			if name != "" && (r.ID == name || r.ConstructPath == name || r.ConstructPath == name+"/Resource") {
				out = append(out, r)
			}
		}
	}
	return out
}

// Removed is the condition that takes every resource of a name out, with the stack; ok is false where there is none such.
func (s *Set) Removed(name string) (st *Stack, condition string, ok bool) {
	for _, st := range s.stacks {
		if st.byID[name] != nil {
			return nil, "", false
		}
	}
	for _, st := range s.stacks {
		if c := st.removed[name]; c != "" {
			return st, c, true
		}
	}
	return nil, "", false
}

// Notes lists what was assumed or not found, in order of stack and path.
func (s *Set) Notes() []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := append([]Note(nil), s.notes...)
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Stack != b.Stack {
			return a.Stack.index < b.Stack.index
		}
		if a.Path != b.Path {
			return a.Path < b.Path
		}
		return a.Text < b.Text
	})
	return out
}

// Provide replaces the provider of attributes. Values read before keep what they were; read again to
// see the change. It must not run beside readers.
func (s *Set) Provide(p Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.provider = p
	for _, st := range s.stacks {
		st.forget()
	}
}

// Stack is one template in its place: a top-level stack, or one instance of a nested template.
type Stack struct {
	// ID tells the stack from every other one of the set: its name, or where several share that, as stacks of two stages
	// may, its CDK path or its file. A nested stack's begins with its parent's.
	ID string
	// Name is the stack name where the input tells it, else the file name without its extension.
	Name string
	// File is the template's file.
	File string
	// Parent is the AWS::CloudFormation::Stack resource that makes a nested stack; nil at the top.
	Parent *Resource

	set       *Set
	index     int
	named     bool   // Name is what AWS::StackName will be
	path      string // of the CDK construct, or ""
	assembly  string // folder of the manifest that lists it, or ""
	region    string
	account   string
	tmpl      *template
	resources []*Resource
	byID      map[string]*Resource
	removed   map[string]string // logical id to the false condition
	nested    map[string]*Stack // by logical id of the AWS::CloudFormation::Stack

	mu         sync.Mutex
	conditions map[string]Value
	params     map[string]Value
	outputs    map[string]Value
}

// Resource gives the resource with the logical id, or nil where there is none or its condition is false.
func (s *Stack) Resource(id string) *Resource { return s.byID[id] }

// Resources lists the stack's resources by logical id.
func (s *Stack) Resources() []*Resource { return s.resources }

// Pseudo is the value of a pseudo parameter such as AWS::Region in the stack; absent where there is none of the name.
func (s *Stack) Pseudo(name string) Value {
	v, _ := s.pseudo(name)
	return v
}

// Named says that Name is what AWS::StackName will be, and not taken from the file's name.
func (s *Stack) Named() bool { return s.named }

// Nested is the stack that the AWS::CloudFormation::Stack with the logical id makes, or nil where there is none or its
// template is not at hand.
func (s *Stack) Nested(id string) *Stack { return s.nested[id] }

// Outputs lists the names of the outputs, sorted.
func (s *Stack) Outputs() []string { return s.tmpl.outputs.sortedKeys() }

// Resource is one entry of a template's Resources.
type Resource struct {
	ID            string // ID is the logical id.
	Type          string // Type is the resource type, for example AWS::EC2::Subnet.
	ConstructPath string // ConstructPath is the CDK construct's path (metadata aws:cdk:path), or "".
	Stack         *Stack
	// Conditional says that a condition which only the deployment decides keeps or removes the resource.
	Conditional bool

	dependsOn []string
	uses      []Use
	node      *node // the whole entry
}

// Use is one reference that a resource's properties make to another resource of its template, as written: an
// attribute stands here also where a provider gives its value.
type Use struct {
	Resource *Resource
	Attr     string // Attr is "" for Ref.
}

// Prop evaluates the property at a path such as "VpcId", "Tags.0.Value" or
// "ResourcesVpcConfig.SubnetIds". What is not there is an absent [Value].
func (r *Resource) Prop(path string) Value {
	first, rest, more := strings.Cut(path, ".")
	p := r.node.field("Properties")
	if p == nil {
		return Value{}
	}
	if _, call := p.intrinsic(); call || more && p.field(first) == nil {
		return r.Props().Get(path)
	}
	v := r.eval(p.field(first))
	if more {
		return v.Get(rest)
	}
	return v
}

// Props evaluates all properties, as a map.
func (r *Resource) Props() Value { return r.eval(r.node.field("Properties")) }

// Metadata evaluates the resource's Metadata at a path; keys with dots or colons such as "aws:cdk:path"
// are single steps.
func (r *Resource) Metadata(path string) Value {
	return r.eval(r.node.field("Metadata")).Get(path)
}

// DependsOn lists the resources that the entry's DependsOn names, those with a false condition left out.
func (r *Resource) DependsOn() []*Resource {
	var out []*Resource
	for _, id := range r.dependsOn {
		if d := r.Stack.byID[id]; d != nil {
			out = append(out, d)
		}
	}
	return out
}

// DeletionPolicy is what becomes of the resource when it leaves the stack, such as Retain; absent where the template
// leaves it to the default of the type.
func (r *Resource) DeletionPolicy() Value { return r.eval(r.node.field("DeletionPolicy")) }

// UpdateReplacePolicy is what becomes of the old resource when an update makes it anew, such as Retain.
func (r *Resource) UpdateReplacePolicy() Value { return r.eval(r.node.field("UpdateReplacePolicy")) }

// Uses lists the references in the resource's properties, by logical id and attribute. DependsOn is not among them.
func (r *Resource) Uses() []Use { return r.uses }

// Ref is the reference to the resource, as Ref gives it.
func (r *Resource) Ref() Value { return Value{kind: Ref, res: r} }

// Attr is an attribute of the resource, as Fn::GetAtt gives it.
func (r *Resource) Attr(name string) Value { return r.Stack.attribute(r, name) }

// Name is the construct path where there is one, else the logical id: how a person finds the resource.
func (r *Resource) Name() string {
	if r.ConstructPath != "" {
		return r.ConstructPath
	}
	return r.ID
}

// Label is the logical id, with the stack's ID before it where several stacks have that logical id.
func (r *Resource) Label() string {
	if r.Stack.set.repeated[r.ID] {
		return r.Stack.ID + "/" + r.ID
	}
	return r.ID
}

// String is the logical id.
func (r *Resource) String() string { return r.ID }
