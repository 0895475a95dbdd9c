// Package flow traces packets through the network that CloudFormation templates describe, hop by hop, before
// anything is deployed.
//
// [Load] reads templates or a cloud assembly into a [Network]. [Network.Trace] answers one question;
// [Network.Check] asks the catalogue of communication patterns of EKS on IPv6 (F1 to F15, X1) and compares each
// answer with what the pattern needs. Each [Hop] names the resource, what it did, the address family before and
// after, and the rule that decided. The answer's way back is traced too.
//
//	network, err := flow.Load("cdk.out")
//	trace, err := network.Trace(flow.Query{From: flow.AnyPod, To: flow.Internet6, Port: 443})
//	if !trace.Verdict.OK() {
//		fmt.Println(trace.Last().Name(), trace.Last().By)
//	}
//
// Being blocked is a verdict, not an error: an error means that the question cannot be asked. What the templates
// do not say is never taken for a yes or a no: the verdict is [Insufficient]. Addresses that only a deployment
// knows are documentation addresses, and the trace says so in its assumptions.
//
// The package knows no AWS account and calls nothing. docs/supported.md lists what it models, assumes and ignores.
package flow
