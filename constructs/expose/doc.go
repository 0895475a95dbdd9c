// Package expose puts services of an IPv6 cluster in front of clients of both families: an [Ingress] is a dual-stack
// ALB, a [Service] a dual-stack NLB, a [Gateway] either of them by the Gateway API.
//
// # Two ways to use it
//
// As constructs: [NewIngress], [NewService] and [NewGateway] apply the objects to a cluster.
//
// As pure functions, for those who keep manifests in Git: the Objects method of each props struct returns Kubernetes API
// types, and [YAML] writes them. No CDK kernel starts.
//
// # What is always so
//
// The load balancer is dual-stack and its targets are Pod addresses, said on the object itself: an IPv4 load balancer in
// front of IPv6 Pods is refused by the controller ("unsupported IPv6 configuration, lb not dual-stack"), and a Service has
// no cluster-wide default for it. It is internal unless InternetFacing is chosen; then who may connect must be said too,
// because the controller would open it to the world. Ranges of one family alone are refused unless they are meant: a rule
// for IPv4 only would shut IPv6 clients out, in silence. TLS listeners get AWS's recommended policy.
//
// # Updates
//
// An object of a custom kind is a resource of its own, because kubectl does not prune those: one that leaves the code, or
// gets another name, leaves the cluster. A target group of a [BoundNLB] that would have to become another one makes room for
// a second. Hostname waits for the name of the load balancer that must be there, also while the old name is still in the
// object's status.
//
// # Deletion
//
// The controller makes the load balancers, so they are in no template; the controller alone can delete them, when their
// object goes, and the object stays until it has (a finalizer). So each construct here depends on the controller's chart,
// which depends on the nodes and they on the network: CloudFormation deletes in the reverse order, the function that
// deletes an object waits until it is gone, and cdk destroy leaves no load balancer behind to hold subnets and security
// groups. It does not help against objects that others applied: delete those first. Nor against DeletionProtection, with
// which the controller may not delete the load balancer: switch it off and deploy, then destroy.
package expose
