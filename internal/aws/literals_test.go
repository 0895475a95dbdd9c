package aws

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// home is where in this package a fact is written, or nothing for a word that is none.
func home(word string) string {
	switch {
	case word == AssignIPv6 || slices.Contains(cniActions, word) || slices.Contains(cniTagActions, word):
		return "the IAM actions of the VPC CNI are in cni.go: aws.CNIActions, aws.AssignIPv6"
	case strings.HasPrefix(word, "kubernetes.io/role/"):
		return "the role tags of subnets are in controller.go: aws.PublicRoleTag, aws.InternalRoleTag, aws.CNIRoleTag"
	case strings.HasPrefix(word, IngressAnnotation), strings.HasPrefix(word, "service.beta.kubernetes.io/"):
		return "the prefixes of annotations are in controller.go: aws.IngressAnnotation, aws.ServiceAnnotation, aws.SourceRangesAnnotation"
	case strings.Contains(word, ".k8s.aws") && !strings.Contains(word, "://"):
		return "the classes and API groups of the load balancer controller are in controller.go: aws.ServiceClass, aws.ControllerGroup, aws.GatewayGroup"
	case word == DualStackWithoutPublicIPv4:
		return "it is in controller.go: aws.DualStackWithoutPublicIPv4"
	case slices.Contains(xenFamilies, word):
		return "the instance families without Nitro are in instances.go: aws.Xen"
	}
	return homeOfAddress(word)
}

// homeOfAddress is for ranges with a meaning of their own, and for addresses out of them. The defaults of VPCs, 10.0.0.0/16
// and its like, are choices of ours within a range, and no facts about it.
func homeOfAddress(word string) string {
	p, err := netip.ParsePrefix(word)
	if err != nil {
		a, err := netip.ParseAddr(word)
		if err != nil || word == "::" { // which is a separator, too
			return ""
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	choices := []Range{Private10, Private172, Private192, Shared, global6, UniqueLocal}
	for _, r := range slices.Concat(Ranges(), []Range{Private10}) {
		of := r.Overlaps(p) && p.Bits() >= r.Bits()
		if of && slices.Contains(choices, r) {
			of = p.Masked() == r.Prefix
		}
		if of {
			return fmt.Sprintf("%s is of %s (%s), which is in addresses.go", word, r.Prefix, r.Name)
		}
	}
	return ""
}

// words are what of a literal is held: a literal that is one word, and each word of text that a program reads, which has
// lines. A sentence for people may name a fact.
func words(literal string) []string {
	list := strings.Fields(literal)
	if len(list) > 1 && !strings.Contains(strings.TrimSuffix(literal, "\n"), "\n") {
		return nil
	}
	for i, w := range list {
		list[i] = strings.Trim(w, `"'`)
	}
	return list
}

// misplaced are the facts that a file writes itself, each with where it belongs.
func misplaced(t *testing.T, name string, source []byte) (out []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words(text) {
			if where := home(w); where != "" {
				out = append(out, fmt.Sprintf("%s: %q is a fact about AWS: %s", files.Position(lit.Pos()), w, where))
			}
		}
		return true
	})
	return out
}

// excused are files that may write facts themselves, and why.
var excused = map[string]string{
	"internal/cli/trace.go": "the help shows addresses as a user types them",
}

// What is a fact about AWS is written in this package, with its source, and nowhere else. Tests, the packet lab and the
// stock stack are left out: they are held against the facts, and write them anew so that a wrong one shows.
func TestFactsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	seen, used := 0, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || slices.Contains([]string{"internal/aws", "test", "node_modules", "testdata"}, name)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		found := misplaced(t, name, source)
		if excused[name] != "" {
			used[name] = len(found) > 0
			return nil
		}
		for _, f := range found {
			if strings.HasPrefix(name, "examples/") && strings.Contains(f, "(documentation)") {
				continue // a range stands for the reader's own, as the RFCs mean it
			}
			t.Error(f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 80 {
		t.Errorf("%d files read: are these the module's?", seen)
	}
	for name := range excused {
		if !used[name] {
			t.Errorf("%s is excused and writes no fact", name)
		}
	}
}

// The package is pure: facts are read where neither Node.js nor a network is.
func TestImports(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); strings.Contains(path, ".") && path != "golang.org/x/mod/semver" || strings.HasPrefix(path, "net/http") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

func TestMisplaced(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]bool{
		`"64:ff9b::/96"`: true, `"64:ff9b::203.0.113.7"`: true, `"kubernetes.io/role/elb"`: true, `"169.254.169.254"`: true, `"fd00:ec2::253"`: true,
		`"203.0.113.7"`: true, `"2001:db8:fffe::"`: true, `"100.64.0.0/10"`: true, `"172.20.0.0/16"`: true, `"fc00::/7"`: true, `"fd00::ac:2"`: true,
		`"ec2:AssignIpv6Addresses"`: true, `"ec2:DescribeTags"`: true, `"service.beta.kubernetes.io/aws-load-balancer-type"`: true,
		`"alb.ingress.kubernetes.io/"`: true, `"elbv2.k8s.aws/v1beta1"`: true, `"dualstack-without-public-ipv4"`: true, `"t2"`: true,
		"`.:53 {\n    forward . fd00:ec2::253\n}\n`": true,

		`"10.0.0.0/16"`: false, `"0.0.0.0/0"`: false, `"::/0"`: false, `"dualstack"`: false, `"kubernetes.io/ingress.class"`: false,
		`"want a range such as 203.0.113.0/24"`: false, `"https://gateway.k8s.aws/"`: false, `"m7g"`: false, `"ec2:DescribeIpamPools"`: false, `"1.35"`: false,
	} {
		if found := misplaced(t, "t.go", []byte("package p\nvar s = "+literal)); (len(found) > 0) != want {
			t.Errorf("%s: %v", literal, found)
		}
	}
}
