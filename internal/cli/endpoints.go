package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func endpointsCommand() *cobra.Command {
	var known deployment
	output := &choice{"text", []string{"text", "json"}}
	c := &cobra.Command{
		Use:   "endpoints [-o text|json] [-parameter NAME=VALUE]... [-parameters FILE] [-region R] [PATH...]",
		Short: "List what can stand behind -from and -to of preflight trace",
		Long: `Endpoints lists the names that preflight trace -from and -to take for these templates, what each stands for, and where it is.

Beside them an address, a range beyond the network (203.0.113.0/24, 2a00:1450::/32), a host name (example.com) and an AWS service
(s3, sts, ecr.api) can be named; host names and services are reached, they start nothing.`,
		Example: `  preflight endpoints cdk.out
  preflight trace -from pod:web/web -to s3 cdk.out`,
		RunE: func(c *cobra.Command, args []string) error {
			network, err := known.load(args)
			if err != nil {
				return err
			}
			list := network.List()
			if output.value == "json" {
				type item struct {
					Endpoint string `json:"endpoint"`
					What     string `json:"what"`
					Path     string `json:"path"`
				}
				items := make([]item, len(list))
				for i, l := range list {
					items[i] = item{string(l.Endpoint), l.What, l.Path}
				}
				b, err := json.MarshalIndent(items, "", "  ")
				if err != nil {
					return err
				}
				return write(c, string(b)+"\n", exitOK)
			}
			var b strings.Builder
			w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
			for _, l := range list {
				if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", l.Endpoint, l.What, l.Path); err != nil {
					return err
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			return write(c, trimLines(b.String()), exitOK)
		},
	}
	c.Flags().VarP(output, "output", "o", "form of the answer")
	known.flags(c.Flags())
	return c
}

// trimLines takes the blanks at the ends of lines away.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}
