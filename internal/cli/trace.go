package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/eks-ipv6/cdk/preflight/flow"
	"github.com/eks-ipv6/cdk/preflight/render"
)

// port is a flag from 1 to 65535; 0 is what was not given.
type port uint16

func (p *port) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.Itoa(int(*p))
}
func (p *port) Type() string { return "N" }
func (p *port) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errors.New("want 1 to 65535")
	}
	*p = port(n)
	return nil
}

func traceCommand() *cobra.Command {
	var (
		output   = &choice{"text", []string{"text", "json", "mermaid"}}
		proto    = &choice{"tcp", []string{"tcp", "udp", "all"}}
		family   = &choice{"", []string{"ipv4", "ipv6"}}
		from, to string
		dest     port
		verbose  bool
		strict   bool
		known    deployment
	)
	c := &cobra.Command{
		Use:   "trace [-o text|json|mermaid] [-v] [-strict] [-from A -to B [-port N] [-proto P] [-family F]] [-parameter NAME=VALUE]... [-parameters FILE] [-region R] [PATH...]",
		Short: "Trace packets hop by hop and compare each communication pattern with what it needs",
		Long: `Trace follows packets through the network that the templates describe, hop by hop, and their answers back.

Without -from and -to it traces the communication patterns F1 to F15 and X1 that apply, from every node group and every
subnet, and compares each with its expectation. With them it answers one question: exit status 0 when the packet arrives
and 2 when it is blocked.

A and B are one of:
  pod:any  pod:NAME  pod:NAMESPACE/NAME  pod:any@PLACE    Pods; PLACE is a node group, a subnet, or GROUP@SUBNET
  service:NS/NAME  ingress:NS/NAME  gateway:NS/NAME       what Kubernetes exposes
  nodegroup:NAME  nodegroup:NAME@SUBNET  subnet:NAME
  apiserver  apiserver@SUBNET                             the Kubernetes API
  internet4  internet6  internet                          a host on the internet; internet, or anyone, is of both families
  203.0.113.7  2001:db8::7                                an address
  203.0.113.0/24  2a00:1450::/32                          a range beyond the network
  example.com                                             a host name (B only)
  s3  sts  ecr.api                                        an AWS service, by the VPC's endpoint or the internet (B only)
  NAME                                                    any of these by logical id or construct path, or as
                                                          STACK/NAME where several stacks have the logical id
preflight endpoints lists those of the templates.

Every PATH is a template or a cloud assembly folder (default: cdk.out); several are one network.`,
		Example: `  preflight trace cdk.out
  preflight trace -v network.yaml cluster.yaml
  preflight trace -from pod:any -to internet4 -port 443 cdk.out
  preflight trace -o mermaid cdk.out > flows.mmd`,
		RunE: func(c *cobra.Command, args []string) error {
			ask := from != "" || to != ""
			switch given := c.Flags().Changed; {
			case (given("from") || given("to")) && (from == "" || to == ""):
				return errors.New("-from and -to go together: name both ends of the flow")
			case proto.value == "all" && given("port"):
				return errors.New("-proto all asks for every protocol and every port: leave -port out")
			case !ask && (given("port") || given("proto") || given("family")):
				return errors.New("-port, -proto and -family are for one question: give -from and -to too")
			}
			network, err := known.load(args)
			if err != nil {
				return err
			}
			var report flow.Report
			if ask {
				q := flow.Query{From: flow.Endpoint(from), To: flow.Endpoint(to), Port: uint16(dest), Proto: flow.Proto(proto.value), Family: families[family.value]}
				if proto.value == "all" {
					q.Proto, q.Everything = flow.TCP, true
				}
				if report, err = network.Answer(q); err != nil {
					return err
				}
			} else {
				report = network.Check()
			}
			answer := ""
			switch output.value {
			case "json":
				b, err := render.JSON(report)
				if err != nil {
					return err
				}
				answer = string(b)
			case "mermaid":
				answer = render.Mermaid(report)
			default:
				answer = render.Text(report, render.TextOptions{Verbose: verbose || ask, Color: colored(c.OutOrStdout())})
			}
			if output.value != "text" { // which lists them
				for _, p := range report.Problems {
					c.PrintErrln("preflight: not readable: " + p)
				}
			}
			if len(report.Results) == 0 {
				c.PrintErrln("preflight: none of the communication patterns applies to these templates: nothing is proved")
			}
			out := traced(report)
			if out == exitOK && len(report.Unread) > 0 && !strict {
				c.PrintErrln("preflight: a part of the templates is not seen, and may hold what stops packets: what passes, passes by the rest (-strict: exit status 3)")
			}
			if out == exitOK && strict && len(report.Unread)+len(report.Unmodelled) > 0 {
				out = exitInsufficient
			}
			return write(c, answer, out)
		},
	}
	f := c.Flags()
	f.VarP(output, "output", "o", "form of the answer")
	f.BoolVarP(&verbose, "verbose", "v", false, "text: the hops of every way too, as a question always gets")
	f.BoolVar(&strict, "strict", false, "exit status 3 also where all passes, and something that may decide over packets is not seen or not modelled")
	f.StringVar(&from, "from", "", "where the packet starts")
	f.StringVar(&to, "to", "", "where it should arrive")
	f.Var(&dest, "port", "destination port (default: the one that the destination is known for, else 443)")
	f.Var(proto, "proto", "transport protocol; all means every protocol and port")
	f.Var(family, "family", "address family (default: IPv6 where both ends have it, else IPv4)")
	known.flags(f)
	return c
}

var families = map[string]flow.Family{"ipv4": flow.IPv4, "ipv6": flow.IPv6}

// traced is the outcome of a report. Nothing traced is nothing proved, and so is what could not be read.
func traced(r flow.Report) outcome {
	switch {
	case len(r.Missed()) > 0:
		return exitMissed
	case r.Insufficient(), len(r.Results) == 0, len(r.Problems) > 0:
		return exitInsufficient
	}
	return exitOK
}
