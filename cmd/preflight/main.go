// Preflight proves, on CloudFormation templates, that the communication patterns of an EKS cluster on IPv6 work, before
// anything is deployed: see preflight -h, and docs/preflight.md.
package main

import (
	"os"

	"github.com/eks-ipv6/cdk/internal/cli"
)

func main() { os.Exit(cli.Main()) }
