package random

import "fmt"

type cluster struct {
	id  string
	six bool
}

// cluster makes an EKS cluster with nodes, add-ons and a workload.
func (b *builder) cluster(v *vpc, six bool) {
	in := b.spread(v, false, either(six, hasBoth, hasFour))
	if len(in) < 2 || b.clusters == 2 {
		return
	}
	b.clusters++
	private := b.chance(80)
	public := !private || b.chance(50)
	config := object{"SubnetIds": refs(in[:2]), "EndpointPrivateAccess": private, "EndpointPublicAccess": public}
	if b.chance(40) {
		config["SecurityGroupIds"] = list{att(one(b.Rand, v.filters...), "GroupId")}
	}
	if public && b.chance(30) {
		config["PublicAccessCidrs"] = list{"0.0.0.0/0"}
	}
	elsewhere := b.chance(15) // add-ons are installed by the API, or by EKS
	c := cluster{six: six, id: b.add("AWS::EKS::Cluster", object{"Name": fmt.Sprint("cluster", b.clusters), "RoleArn": "arn:aws:iam::111122223333:role/cluster",
		"KubernetesNetworkConfig": object{"IpFamily": either(six, "ipv6", "ipv4")}, "BootstrapSelfManagedAddons": b.chance(either(elsewhere, 50, 10)), "ResourcesVpcConfig": config})}
	v.clusters, v.groups = append(v.clusters, c), append(v.groups, att(c.id, "ClusterSecurityGroupId"))
	for _, name := range []string{"vpc-cni", "kube-proxy", "coredns"} {
		if !elsewhere && b.chance(88) {
			env := fmt.Sprintf(`{"env":{%q:%q}}`, either(six, "ENABLE_V4_EGRESS", "ENABLE_V6_EGRESS"), one(b.Rand, "true", "false"))
			b.add("AWS::EKS::Addon", object{"ClusterName": ref(c.id), "AddonName": name, "ConfigurationValues": when(name == "vpc-cni" && b.chance(30), env)})
		}
	}
	for range 1 + b.IntN(2) {
		props := object{"ClusterName": ref(c.id), "NodeRole": "arn:aws:iam::111122223333:role/node", "Subnets": refs(some(b, 1+b.IntN(2), in))}
		if b.chance(25) {
			groups := some(b, 1+b.IntN(2), list{att(one(b.Rand, v.filters...), "GroupId"), att(c.id, "ClusterSecurityGroupId")})
			props["LaunchTemplate"] = object{"Id": ref(b.add("AWS::EC2::LaunchTemplate", object{"LaunchTemplateData": object{"SecurityGroupIds": groups}}))}
		}
		b.add("AWS::EKS::Nodegroup", props)
	}
	b.workload(c)
}

func (b *builder) apply(c cluster, manifest any) {
	b.add("Custom::AWSCDK-EKS-KubernetesResource", object{"ClusterName": ref(c.id), "Manifest": manifest})
}

// workload is a Deployment with a Service, and sometimes the load balancer controller, an Ingress, and a Service of type
// LoadBalancer.
func (b *builder) workload(c cluster) {
	b.apply(c, fmt.Sprintf(`[{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"template":`+
		`{"metadata":{"labels":{"app":"web"}},"spec":{"hostNetwork":%t,"containers":[{"name":"web","image":"web","ports":[{"containerPort":8080}]}]}}}},`+
		`{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":8080}]}}]`,
		b.chance(10)))
	if b.chance(75) {
		b.add("Custom::AWSCDK-EKS-HelmChart", object{"ClusterName": ref(c.id), "Chart": "aws-load-balancer-controller",
			"Repository": "https://aws.github.io/eks-charts", "Namespace": "kube-system", "Values": fmt.Sprintf(
				`{"defaultTargetType":%q,"ingressClassParams":{"create":true,"spec":{"ipAddressType":%q}}}`,
				one(b.Rand, "ip", "ip", "ip", "instance"), either(c.six && b.chance(85), "dualstack", "ipv4"))})
	}
	if b.chance(45) {
		b.apply(c, fmt.Sprintf(`[{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"shop","annotations":`+
			`{"alb.ingress.kubernetes.io/scheme":%q}},"spec":{"ingressClassName":"alb","defaultBackend":{"service":{"name":"web","port":{"number":80}}}}}]`,
			one(b.Rand, "internal", "internet-facing")))
	}
	if b.chance(45) {
		const note = "service.beta.kubernetes.io/aws-load-balancer-"
		b.apply(c, fmt.Sprintf(`[{"apiVersion":"v1","kind":"Service","metadata":{"name":"nlb","namespace":"shop","annotations":{%q:%q,%q:%q,%q:"preserve_client_ip.enabled=%t"}},`+
			`"spec":{"type":"LoadBalancer","loadBalancerClass":"service.k8s.aws/nlb","selector":{"app":"web"},"ports":[{"port":443,"targetPort":8080}]}}]`,
			note+"scheme", one(b.Rand, "internal", "internet-facing"), note+"ip-address-type", one(b.Rand, "ipv4", "dualstack", "dualstack"),
			note+"target-group-attributes", b.chance(50)))
	}
}

// binding registers the Pods of the Service with a target group; it may ask the controller to open the nodes' groups.
func binding(target string, open bool) string {
	networking := either(open, `,"networking":{"ingress":[{"from":[{"ipBlock":{"cidr":"0.0.0.0/0"}},{"ipBlock":{"cidr":"::/0"}}],"ports":[{"protocol":"TCP"}]}]}`, "")
	return fmt.Sprintf(`[{"apiVersion":"elbv2.k8s.aws/v1beta1","kind":"TargetGroupBinding","metadata":{"name":%q,"namespace":"shop"},`+
		`"spec":{"serviceRef":{"name":"web","port":80},"targetType":"ip","targetGroupARN":"${%[1]s}"%s}}]`, target, networking)
}
