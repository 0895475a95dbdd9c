package cfn

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

const (
	maxStacks  = 2000 // instances of nested templates count each
	maxNesting = 20   // nested stacks or stages within one another
	maxErrors  = 50   // shown for one load
)

// Error is one thing wrong with an input.
type Error struct {
	File string
	Path string // Path is the place in the template, for example Resources.Web.Properties.VpcId; or "".
	Msg  string
	err  error
}

// Error is one line: file, place, what is wrong.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{e.File, e.Path, e.Msg} {
		if p != "" {
			parts = append(parts, strings.ReplaceAll(p, "\n", " "))
		}
	}
	return strings.Join(parts, ": ")
}

// Unwrap is the cause, if the file system or a decoder gave one.
func (e *Error) Unwrap() error { return e.err }

// Load reads template files and cloud assembly folders (with a manifest.json) as one set. A template that another
// one nests is that stack's and not a stack of its own, also when its path is given. The error joins an [Error]
// for each thing found wrong.
func Load(opts Options, paths ...string) (*Set, error) {
	if len(paths) == 0 {
		return nil, errors.New("no input: name template files or a cloud assembly folder (cdk.out)")
	}
	l := newLoader(opts, func(name string) ([]byte, error) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.Size() > maxBytes {
			return nil, fmt.Errorf("%d bytes are more than a template can have (limit here %d)", info.Size(), maxBytes)
		}
		return os.ReadFile(name)
	})
	for _, p := range paths {
		l.add(filepath.ToSlash(filepath.Clean(p)))
	}
	return l.set()
}

// Parse reads templates in memory as one set. A nested stack finds its template among the sources by its name.
func Parse(opts Options, sources ...Source) (*Set, error) {
	files := map[string][]byte{}
	for _, s := range sources {
		files[path.Clean(s.Name)] = s.Data
	}
	l := newLoader(opts, func(name string) ([]byte, error) {
		data, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return data, nil
	})
	for _, s := range sources {
		l.file(path.Clean(s.Name))
	}
	return l.set()
}

type loader struct {
	opts      Options
	open      func(name string) ([]byte, error)
	templates map[string]*template // nil where the file cannot be read
	tops      []top
	listed    map[string]bool
	nested    map[string]bool // files that some stack nests
	assembly  map[string]bool
	assets    map[string]string // files of assemblies, by the folder and the key that they are uploaded under
	problems  problems
}

type top struct {
	file, name      string
	path            string // of the construct, or ""
	assembly        string // folder of the manifest, or ""
	named           bool
	account, region string
}

func newLoader(opts Options, open func(string) ([]byte, error)) *loader {
	return &loader{opts: opts, open: open, templates: map[string]*template{}, listed: map[string]bool{}, nested: map[string]bool{}, assembly: map[string]bool{}, assets: map[string]string{}}
}

// problems collects errors, each once.
type problems struct {
	list []*Error
	seen map[string]bool
}

func (p *problems) add(e *Error) {
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	if line := e.Error(); !p.seen[line] {
		p.seen[line] = true
		p.list = append(p.list, e)
	}
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	var errs []error
	for i, e := range p.list {
		if i == maxErrors {
			errs = append(errs, fmt.Errorf("and %d more", len(p.list)-i))
			break
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func (l *loader) fail(file string, err error) {
	e := &Error{File: file, err: err, Msg: err.Error()}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		e.Msg = pe.Err.Error()
	}
	l.problems.add(e)
}

func (l *loader) add(p string) {
	info, err := os.Stat(p)
	switch {
	case err != nil:
		l.fail(p, err)
	case info.IsDir():
		l.folder(p, maxNesting)
	case path.Base(p) == "manifest.json":
		l.folder(path.Dir(p), maxNesting)
	case !info.Mode().IsRegular():
		l.fail(p, errors.New("not a regular file"))
	default:
		l.file(p)
	}
}

func (l *loader) file(p string) {
	l.top(top{file: p, name: stem(p)})
}

func stem(p string) string {
	name := path.Base(p)
	for _, ext := range []string{".json", ".yaml", ".yml", ".template"} {
		if s := strings.TrimSuffix(name, ext); s != "" {
			name = s
		}
	}
	return name
}

func (l *loader) top(t top) {
	if l.listed[t.file] {
		return
	}
	l.listed[t.file] = true
	if l.template(t.file) != nil {
		l.tops = append(l.tops, t)
	}
}

// folder reads a cloud assembly: its stacks, then those of its stages.
// https://github.com/aws/aws-cdk/blob/main/packages/%40aws-cdk/cloud-assembly-schema/schema/cloud-assembly.schema.json
func (l *loader) folder(dir string, depth int) {
	if l.assembly[dir] {
		return
	}
	l.assembly[dir] = true
	file := path.Join(dir, "manifest.json")
	if depth == 0 {
		l.fail(file, fmt.Errorf("stages nested deeper than %d", maxNesting))
		return
	}
	data, err := l.open(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("no manifest.json here, so this is no cloud assembly; run cdk synth, or name the template files")
			file = dir
		}
		l.fail(file, err)
		return
	}
	n, err := read(data)
	if err != nil {
		l.fail(file, err)
		return
	}
	artifacts := n.field("artifacts")
	if !artifacts.is(mapNode) {
		l.fail(file, errors.New("not a cloud assembly manifest: no artifacts"))
		return
	}
	found := len(l.tops)
	var stages []string
	for _, id := range artifacts.keys {
		a := artifacts.field(id)
		props := a.field("properties")
		switch a.str("type") {
		case "aws:cloudformation:stack":
			t := top{
				file: path.Join(dir, props.str("templateFile")), name: props.str("stackName"), named: true,
				path: a.str("displayName"), assembly: dir,
			}
			if props.str("templateFile") == "" {
				l.problems.add(&Error{File: file, Path: "artifacts." + id, Msg: "the stack has no templateFile"})
				continue
			}
			if t.name == "" {
				t.name = id
			}
			t.account, t.region = environment(a.str("environment"))
			l.top(t)
		case "cdk:asset-manifest":
			l.assetList(dir, props.str("file"))
		case "cdk:cloud-assembly":
			if d := props.str("directoryName"); d != "" {
				stages = append(stages, path.Join(dir, d))
			}
		}
	}
	for _, s := range stages {
		l.folder(s, depth-1)
	}
	if len(l.tops) == found && len(l.problems.list) == 0 && depth == maxNesting {
		l.fail(dir, errors.New("the cloud assembly has no stacks"))
	}
}

// assetList reads which files an assembly uploads under which keys. A list that cannot be read joins nothing.
// https://github.com/aws/aws-cdk/blob/main/packages/%40aws-cdk/cloud-assembly-schema/schema/assets.schema.json
func (l *loader) assetList(dir, name string) {
	data, err := l.open(path.Join(dir, name))
	if err != nil {
		return
	}
	n, err := read(data)
	if err != nil {
		return
	}
	files := n.field("files")
	for _, id := range files.keysOf() {
		f := files.field(id)
		to := f.field("destinations")
		for _, d := range to.keysOf() {
			if file := f.field("source").str("path"); file != "" {
				l.assets[path.Join(dir, path.Base(to.field(d).str("objectKey")))] = path.Join(dir, filepath.ToSlash(file))
			}
		}
	}
}

// environment splits aws://account/region; what CDK calls unknown is "".
func environment(env string) (account, region string) {
	account, region, _ = strings.Cut(strings.TrimPrefix(env, "aws://"), "/")
	if account == "unknown-account" {
		account = ""
	}
	if region == "unknown-region" {
		region = ""
	}
	return account, region
}

// template parses a file once; nil after a failure, which is then noted.
func (l *loader) template(file string) *template {
	if t, ok := l.templates[file]; ok {
		return t
	}
	l.templates[file] = nil
	data, err := l.open(file)
	if err != nil {
		l.fail(file, err)
		return nil
	}
	n, again, err := readLast(data)
	if err != nil {
		l.fail(file, err)
		return nil
	}
	if n, err = unwrapped(n); err != nil {
		l.fail(file, err)
		return nil
	}
	t := newTemplate(file, n, &l.problems, func(decl *node, name string) *node { return l.given(stem(file), decl, name) })
	if t != nil {
		t.twice = again
	}
	l.templates[file] = t
	return t
}

// unwrapped takes a template out of what aws cloudformation get-template prints: the whole answer or its TemplateBody, which
// is a string where the template was YAML.
func unwrapped(n *node) (*node, error) {
	if body := n.field("TemplateBody"); body != nil && n.field("Resources") == nil {
		n = body
	}
	if n.is(scalarNode) && n.lit == litString && strings.Contains(n.text, "Resources") {
		return read([]byte(n.text))
	}
	return n, nil
}

// given is the value of a parameter of a top-level stack: the caller's, or the default; nil where there is none.
func (l *loader) given(stack string, decl *node, name string) *node {
	for _, key := range []string{stack + "." + name, name} {
		if s, ok := l.opts.Parameters[key]; ok {
			return &node{kind: scalarNode, text: s}
		}
	}
	if d := decl.field("Default"); d.is(scalarNode) && !strings.HasPrefix(decl.str("Type"), "AWS::SSM::Parameter::Value<") {
		return d
	}
	return nil
}

// passed is the value that a parent gives a parameter of a nested stack, or the default; nil where that is not written down.
func (l *loader) passed(parent *Resource, decl *node, name string) *node {
	if v := parent.node.field("Properties").field("Parameters").field(name); v != nil {
		if v.is(scalarNode) {
			return v
		}
		return nil
	}
	if d := decl.field("Default"); d.is(scalarNode) {
		return d
	}
	return nil
}

func (l *loader) set() (*Set, error) {
	s := &Set{opts: l.opts, provider: l.opts.Attribute, noted: map[Note]bool{}}
	b := &builder{loader: l, set: s}
	for _, t := range l.tops {
		b.uses(l.templates[t.file], nil)
	}
	for _, t := range l.tops {
		if l.nested[t.file] {
			continue
		}
		st := b.stack(l.templates[t.file], nil, 0)
		if st == nil {
			break
		}
		st.Name, st.named, st.account, st.region = t.name, t.named, t.account, t.region
		st.path, st.assembly = t.path, t.assembly
	}
	if err := l.problems.err(); err != nil {
		return nil, err
	}
	for i, st := range s.stacks {
		st.index = i
	}
	s.identify()
	s.undeclared(&l.problems)
	s.settle(&l.problems)
	if err := l.problems.err(); err != nil {
		return nil, err
	}
	return s, nil
}

type builder struct {
	*loader
	set *Set
}

// uses marks the files that t nests, and refuses a template within itself.
func (b *builder) uses(t *template, open []string) {
	if t == nil {
		return
	}
	if i := slices.Index(open, t.file); i >= 0 {
		b.fail(t.file, fmt.Errorf("the template nests itself: %s", strings.Join(append(open[i:], t.file), " -> ")))
		return
	}
	if len(open) > maxNesting {
		b.fail(t.file, fmt.Errorf("stacks nested deeper than %d", maxNesting))
		return
	}
	open = append(open[:len(open):len(open)], t.file)
	for _, id := range t.nestedIDs {
		if file, ok := b.nestedFile(t, id); ok && !b.nested[file] {
			b.nested[file] = true
			b.uses(b.template(file), open)
		} else if ok && slices.Contains(open, file) {
			b.uses(b.template(file), open)
		}
	}
}

// nestedFile finds the template of an AWS::CloudFormation::Stack: by the asset path that CDK notes, by a TemplateURL that is a
// path relative to its parent, by the assembly's list of what it uploads, or among the files that were given by the end of its
// URL.
func (b *builder) nestedFile(t *template, id string) (string, bool) {
	r := t.resources.field(id)
	var names []string
	if asset := r.field("Metadata").str("aws:asset:path"); asset != "" {
		names = append(names, asset)
	}
	if url := r.field("Properties").str("TemplateURL"); url != "" && !strings.Contains(url, "://") {
		names = append(names, url)
	}
	for _, n := range names {
		file := path.Join(path.Dir(t.file), filepath.ToSlash(n))
		if path.IsAbs(filepath.ToSlash(n)) {
			file = path.Clean(filepath.ToSlash(n))
		}
		if _, ok := b.templates[file]; ok {
			return file, true
		}
		if _, err := b.open(file); err == nil {
			return file, true
		}
	}
	end := urlEnd(r.field("Properties").field("TemplateURL"))
	if end == "" {
		return "", false
	}
	if file, ok := b.assets[path.Join(path.Dir(t.file), path.Base(end))]; ok {
		return file, true
	}
	return b.givenAs(end, t.file)
}

// urlEnd is the known text at the end of a URL, which may be joined of several parts.
func urlEnd(n *node) string {
	fn, call := n.intrinsic()
	arg := n.field(fn)
	switch {
	case n.is(scalarNode):
		_, after, _ := strings.Cut(n.text, "://")
		return strings.TrimSuffix(after, "/")
	case !call:
		return ""
	case fn == "Fn::Sub":
		if arg.is(listNode) && len(arg.list) == 2 {
			arg = arg.list[0]
		}
		if !arg.is(scalarNode) {
			return ""
		}
		return arg.text[strings.LastIndexByte(arg.text, '}')+1:]
	case fn == "Fn::Join" && arg.is(listNode) && len(arg.list) == 2 && arg.list[0].is(scalarNode) && arg.list[1].is(listNode):
		end := ""
		for i := len(arg.list[1].list) - 1; i >= 0; i-- {
			part := arg.list[1].list[i]
			if i < len(arg.list[1].list)-1 {
				end = arg.list[0].text + end
			}
			if !part.is(scalarNode) {
				end = urlEnd(part) + end
				break
			}
			end = part.text + end
		}
		_, after, found := strings.Cut(end, "://")
		if found {
			return after
		}
		return end
	}
	return ""
}

// givenAs finds the file that was given whose path has most in common with the end of a URL, from the file's name on. Two that
// have as much in common are none.
func (b *builder) givenAs(end, parent string) (string, bool) {
	want := strings.Split(strings.TrimPrefix(end, "/"), "/")
	best, found, two := 0, "", false
	for file := range b.listed {
		if file == parent {
			continue
		}
		have := strings.Split(file, "/")
		n := 0
		for n < min(len(want), len(have)) && want[len(want)-1-n] == have[len(have)-1-n] {
			n++
		}
		if n == 0 || n < best {
			continue
		}
		two = n == best
		best, found = n, file
	}
	return found, found != "" && !two
}

// stack makes an instance of t and of the templates it nests; nil when there are too many.
func (b *builder) stack(t *template, parent *Resource, depth int) *Stack {
	if len(b.set.stacks) == maxStacks || depth > maxNesting {
		b.problems.add(&Error{File: t.file, Msg: fmt.Sprintf("more than %d stacks, nested ones counted", maxStacks)})
		return nil
	}
	st := &Stack{
		Name: stem(t.file), File: t.file, Parent: parent,
		set: b.set, tmpl: t, byID: map[string]*Resource{}, removed: map[string]string{}, nested: map[string]*Stack{},
	}
	if t.loops && parent != nil {
		own := newTemplate(t.file, t.root, &b.problems, func(decl *node, name string) *node { return b.passed(parent, decl, name) })
		if own == nil {
			return nil
		}
		own.twice = t.twice
		t, st.tmpl = own, own
	}
	st.forget()
	b.set.stacks = append(b.set.stacks, st)
	for _, id := range t.resources.sortedKeys() {
		n := t.resources.field(id)
		r := &Resource{ID: id, Type: n.str("Type"), Stack: st, node: n, dependsOn: t.dependsOn[id]}
		r.ConstructPath = n.field("Metadata").str("aws:cdk:path")
		st.byID[id] = r
		st.resources = append(st.resources, r)
	}
	for _, name := range t.transforms {
		if strings.HasPrefix(name, "AWS::") && name != "AWS::LanguageExtensions" {
			b.set.note(st, "Transform", "what the transform "+clip(name, 80)+" adds or changes at deployment is not seen")
		}
	}
	for _, u := range t.unread {
		b.set.notes = append(b.set.notes, Note{Stack: st, Path: u.path, Text: u.why, Unread: true})
	}
	for _, k := range t.twice {
		at := strings.TrimPrefix(k.place+"."+k.key, ".")
		b.set.notes = append(b.set.notes, Note{Stack: st, Path: at, Twice: true, Text: fmt.Sprintf("line %d: the key %q stands twice: the last one holds", k.line, clip(k.key, 60))})
	}
	for _, id := range t.nestedIDs {
		r := st.byID[id]
		file, ok := b.nestedFile(t, id)
		if !ok {
			b.set.notes = append(b.set.notes, Note{Stack: st, Path: "Resources." + id, Unread: true,
				Text: "the template of this nested stack is not at hand; its resources are not seen and its outputs are unknown"})
			continue
		}
		nt := b.templates[file]
		if nt == nil {
			continue
		}
		child := b.stack(nt, r, depth+1)
		if child == nil {
			return nil
		}
		st.nested[id] = child
	}
	return st
}

// identify gives each stack its ID.
func (s *Set) identify() {
	names := map[string]int{}
	for _, st := range s.stacks {
		if st.Parent == nil {
			names[st.Name]++
		}
	}
	taken := map[string]bool{}
	for _, st := range s.stacks { // parents come before their children
		st.ID = st.Name
		switch {
		case st.Parent != nil:
			st.ID = st.Parent.Stack.ID + "/" + st.Parent.ID
			st.Name = st.Parent.Stack.Name + "/" + st.Parent.ID
		case names[st.Name] > 1:
			st.ID = cmp.Or(st.path, st.File)
		}
		for n := 2; taken[st.ID]; n++ {
			st.ID = fmt.Sprintf("%s (%d)", st.File, n)
		}
		taken[st.ID] = true
	}
}

// undeclared refuses values for parameters that no top-level stack has, and values that a parameter does not allow.
func (s *Set) undeclared(p *problems) {
	for _, given := range sorted(s.opts.Parameters) {
		value := s.opts.Parameters[given]
		var names []string
		found := false
		for _, st := range s.stacks {
			if st.Parent != nil {
				continue
			}
			for _, name := range st.tmpl.parameters.sortedKeys() {
				names = append(names, name)
				if given != name && given != st.Name+"."+name {
					continue
				}
				found = true
				if allowed := st.tmpl.parameters.field(name).field("AllowedValues"); allowed.is(listNode) && !allowed.holds(value) {
					p.add(&Error{File: st.File, Path: "Parameters." + name, Msg: fmt.Sprintf("%q is none of the AllowedValues", clip(value, 60))})
				}
			}
		}
		if !found {
			p.add(&Error{Msg: fmt.Sprintf("no template has a parameter %q%s", clip(given, 60), nearest(given, names))})
		}
	}
}

// holds reports whether a list has a scalar.
func (n *node) holds(text string) bool {
	return slices.ContainsFunc(n.list, func(e *node) bool { return e.is(scalarNode) && e.text == text })
}

func (s *Set) note(st *Stack, path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := Note{Stack: st, Path: path, Text: text}
	if !s.noted[n] {
		s.noted[n] = true
		s.notes = append(s.notes, n)
	}
}

// settle takes out what conditions remove, evaluates everything once to find what is wrong, and refuses circles.
func (s *Set) settle(p *problems) {
	budget := maxWork
	removed := map[*Stack]bool{}
	for _, st := range s.stacks {
		if st.Parent != nil && (removed[st.Parent.Stack] || st.Parent.Stack.byID[st.Parent.ID] == nil) {
			removed[st] = true
			continue
		}
		kept := st.resources[:0:0]
		for _, r := range st.resources {
			keep, certain := st.keeps(r.node, "Resources."+r.ID, p, &budget)
			if !keep {
				st.removed[r.ID] = r.node.str("Condition")
				delete(st.byID, r.ID)
				continue
			}
			r.Conditional = !certain
			kept = append(kept, r)
		}
		st.resources = kept
	}
	s.stacks = slices.DeleteFunc(s.stacks, func(st *Stack) bool { return removed[st] })
	s.notes = slices.DeleteFunc(s.notes, func(n Note) bool {
		return removed[n.Stack] || n.Unread && n.Stack.removed[strings.TrimPrefix(n.Path, "Resources.")] != ""
	})
	for i, st := range s.stacks {
		st.index = i
		st.forget()
	}
	s.repeated = map[string]bool{}
	seen := map[string]bool{}
	for _, r := range s.Resources() {
		s.repeated[r.ID] = s.repeated[r.ID] || seen[r.ID]
		seen[r.ID] = true
	}
	s.exports = s.findExports(p, &budget)
	for _, st := range s.stacks {
		edges := map[string][]string{}
		for _, r := range st.resources {
			e := &evaluator{st: st, problems: p, budget: &budget, uses: map[Use]bool{}, unsure: r.Conditional}
			at := (&place{key: "Resources"}).to(r.ID)
			e.value(r.node.field("Properties"), at.to("Properties"))
			for _, d := range r.dependsOn {
				if st.byID[d] == nil && st.removed[d] == "" {
					e.fail(at.to("DependsOn"), "%q is no resource of this template%s", d, nearest(d, sorted(st.byID)))
				}
			}
			r.uses = sortedUses(e.uses)
			edges[r.ID] = append(edges[r.ID], r.dependsOn...)
			for _, u := range r.uses {
				edges[r.ID] = append(edges[r.ID], u.Resource.ID)
			}
		}
		if cycle := findCycle(sorted(st.byID), edges); cycle != nil {
			p.add(&Error{File: st.File, Path: "Resources", Msg: "circular dependency: " + strings.Join(cycle, " -> ")})
		}
		for _, name := range st.tmpl.conditions.sortedKeys() {
			e := &evaluator{st: st, problems: p, budget: &budget}
			e.condition(name, (&place{key: "Conditions"}).to(name))
		}
		for _, name := range st.Outputs() {
			e := &evaluator{st: st, problems: p, budget: &budget}
			e.output(st, name, (&place{key: "Outputs"}).to(name))
		}
	}
	sort.SliceStable(p.list, func(i, j int) bool { return p.list[i].File < p.list[j].File })
}

func sortedUses(uses map[Use]bool) []Use {
	out := make([]Use, 0, len(uses))
	for u := range uses {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Resource.ID, b.Resource.ID), cmp.Compare(a.Attr, b.Attr))
	})
	return out
}

// findCycle gives the first circle of a graph by name, from its smallest member back to it.
func findCycle(ids []string, edges map[string][]string) []string {
	const (
		unseen = iota
		open
		done
	)
	state := make(map[string]int, len(ids))
	type frame struct {
		id   string
		next int
	}
	for _, start := range ids {
		if state[start] != unseen {
			continue
		}
		stack := []frame{{id: start}}
		state[start] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			out := edges[f.id]
			if f.next == len(out) {
				state[f.id] = done
				stack = stack[:len(stack)-1]
				continue
			}
			to := out[f.next]
			f.next++
			switch state[to] {
			case unseen:
				state[to] = open
				stack = append(stack, frame{id: to})
			case open:
				var cycle []string
				for i := len(stack) - 1; i >= 0; i-- {
					cycle = append(cycle, stack[i].id)
					if stack[i].id == to {
						break
					}
				}
				slices.Reverse(cycle)
				return append(cycle, to)
			}
		}
	}
	return nil
}
