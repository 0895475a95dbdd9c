// Package cli is the preflight command: trace and check over template files and cloud assemblies.
//
// Standard output holds the answer and nothing else; what is wrong with the question is on standard error, a line for
// each problem.
package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/eks-ipv6/cdk/preflight/flow"
)

// The exit statuses.
const (
	exitOK           = 0
	exitUsage        = 1 // a question that cannot be asked, or input that cannot be read
	exitMissed       = 2 // an expectation is missed, or a finding is an error
	exitInsufficient = 3 // the templates do not say enough
)

// maxLines are shown of what is wrong with the input.
const maxLines = 5

// Main runs preflight with the program's own arguments and gives its exit status.
func Main() int { return run(os.Args[1:], os.Stdout, os.Stderr) }

// outcome is an exit status that the answer, and not an error, decides.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit status %d", int(o)) }

func run(args []string, stdout, stderr io.Writer) int {
	root := command()
	root.SetArgs(doubleDashes(root, args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	var o outcome
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &o):
		return int(o)
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	if n := len(lines); n > maxLines { // one mistake is often found in many places
		lines = append(lines[:maxLines], fmt.Sprintf("and %d more", n-maxLines))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(stderr, "preflight: %s\n", strings.TrimPrefix(line, "flow: ")); err != nil {
			break // nobody is left to be told
		}
	}
	return exitUsage
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:                   "preflight",
		DisableFlagsInUseLine: true,
		Short:                 "Prove the network of an EKS cluster on IPv6 before it is deployed",
		Long: `Preflight reads CloudFormation templates (JSON or YAML) and cloud assemblies (cdk.out), and proves before anything is
deployed that the communication patterns of an EKS cluster on IPv6 work. It calls no AWS account.

Exit status: 0 all is as expected; 1 usage, or input that cannot be read; 2 an expectation is missed, or a finding is
an error; 3 the templates do not say enough.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q: want trace, check or endpoints; preflight -h tells more", args[0])
			}
			return errors.New("no command: want trace, check or endpoints; preflight -h tells more")
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.Flags().Bool("version", false, "the version of preflight") // without cobra's -v, which is trace's
	root.SetVersionTemplate("preflight {{.Version}}\n")
	for _, c := range []*cobra.Command{traceCommand(), checkCommand(), endpointsCommand()} {
		c.DisableFlagsInUseLine = true
		c.Flags().SortFlags = false
		root.AddCommand(c)
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			for _, other := range root.Commands() {
				if other != c && unknown.GetSpecifiedShortnames() == "" && other.Flags().Lookup(unknown.GetSpecifiedName()) != nil {
					return fmt.Errorf("-%s is a flag of preflight %s, not of preflight %s", unknown.GetSpecifiedName(), other.Name(), c.Name())
				}
			}
			return fmt.Errorf("%w; %s -h lists the flags", err, c.CommandPath())
		}
		return err
	})
	return root
}

// doubleDashes gives the long flags that are written with one dash, as Go's own flag package has them, the two that
// pflag wants.
func doubleDashes(root *cobra.Command, args []string) []string {
	long := map[string]bool{"help": true, "version": true}
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) { long[f.Name] = true })
	}
	out := make([]string, 0, len(args))
	for i, a := range args {
		if a == "--" {
			return append(out, args[i:]...)
		}
		name, _, _ := strings.Cut(a, "=")
		if strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "--") && long[name[1:]] {
			a = "-" + a
		}
		out = append(out, a)
	}
	return out
}

// inputs are the paths to read: those given, else cdk.out where that is.
func inputs(args []string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if info, err := os.Stat("cdk.out"); err == nil && info.IsDir() {
		return []string{"cdk.out"}, nil
	}
	return nil, errors.New("no PATH and no cdk.out here: name template files or a cloud assembly folder, or run cdk synth first")
}

// deployment are the flags that say what templates leave to their deployment.
type deployment struct {
	parameters []string
	file       string
	region     string
}

func (d *deployment) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&d.parameters, "parameter", nil, "`NAME=VALUE`: a parameter's value, or STACK.NAME=VALUE (default: its Default)")
	f.StringVar(&d.file, "parameters", "", "`FILE` with the parameters' values, JSON or YAML: {NAME: VALUE}, or as the AWS CLI and CodePipeline have them; -parameter goes before it")
	f.StringVar(&d.region, "region", "", "AWS::Region of stacks that do not name theirs")
}

// values are those of the parameters, by name.
func (d *deployment) values() (map[string]string, error) {
	out := map[string]string{}
	if d.file != "" {
		var err error
		if out, err = readParameters(d.file); err != nil {
			return nil, err
		}
	}
	for _, p := range d.parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("-parameter %s: want NAME=VALUE", p)
		}
		out[name] = value
	}
	return out, nil
}

func (d *deployment) load(args []string) (*flow.Network, error) {
	parameters, err := d.values()
	if err != nil {
		return nil, err
	}
	paths, err := inputs(args)
	if err != nil {
		return nil, err
	}
	return flow.Deployment{Region: d.region, Parameters: parameters}.Load(paths...)
}

// write puts the answer out, and then says how it ended.
func write(c *cobra.Command, answer string, o outcome) error {
	if _, err := io.WriteString(c.OutOrStdout(), answer); err != nil {
		return fmt.Errorf("the answer cannot be written: %w", err)
	}
	if o == exitOK {
		return nil
	}
	return o
}

// colored reports whether w is a terminal whose user wants colours: https://no-color.org.
func colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isatty.IsTerminal(f.Fd())
}

// choice is a flag that takes one of a few words.
type choice struct {
	value string
	from  []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.from, "|") }
func (c *choice) Set(s string) error {
	for _, f := range c.from {
		if s == f {
			c.value = s
			return nil
		}
	}
	last := len(c.from) - 1
	return fmt.Errorf("want %s or %s", strings.Join(c.from[:last], ", "), c.from[last])
}

// version is the module's version, or the commit that a checkout was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := cmp.Or(info.Main.Version, "(devel)")
	if v == "(devel)" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v += " " + s.Value
			}
		}
	}
	return v + " " + info.GoVersion
}
