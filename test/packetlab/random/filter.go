package random

import (
	"reflect"
	"slices"
)

func (b *builder) group(v *vpc) {
	id := b.add("AWS::EC2::SecurityGroup", object{"VpcId": ref(v.id), "GroupDescription": "random"})
	v.filters, v.groups = append(v.filters, id), append(v.groups, att(id, "GroupId"))
}

// someGroups are for an interface in the VPC; nil leaves it the default group.
func (b *builder) someGroups(v *vpc) any {
	var out list
	for _, id := range some(b, 1+b.IntN(2), v.filters) {
		out = append(out, att(id, "GroupId"))
	}
	return when(b.chance(95), out)
}

// rules fill the security groups: inline where a rule names a range, beside the group where it may name another group,
// which may name the first one.
func (b *builder) rules(v *vpc) {
	for _, id := range v.filters {
		props := b.properties(id)
		open := list{object{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}, object{"IpProtocol": "-1", "CidrIpv6": "::/0"}}
		ingress := some(b, b.IntN(3), open)
		for range 1 + b.IntN(4) {
			isNew(&ingress, b.rule(v, "Source"))
		}
		props["SecurityGroupIngress"] = ingress
		switch n := b.IntN(100); {
		case n < 55: // the default
		case n < 85:
			props["SecurityGroupEgress"] = some(b, 1+b.IntN(2), open)
		default:
			props["SecurityGroupEgress"] = list{b.rule(v, "Destination")}
		}
	}
	var made list
	for range b.IntN(3) + b.IntN(4)*len(v.clusters) {
		peer, peers := either(b.chance(85), "Source", "Destination"), v.groups
		if len(v.links) > 0 && b.chance(30) {
			peers = one(b.Rand, v.links...).to.groups
		}
		r := b.rule(v, peer)
		if b.chance(60) {
			r = b.covering()
			r[peer+"SecurityGroupId"] = one(b.Rand, peers...)
		}
		r["GroupId"] = one(b.Rand, v.groups...)
		if isNew(&made, object{peer: r}) {
			b.add("AWS::EC2::SecurityGroup"+either(peer == "Source", "Ingress", "Egress"), r)
		}
	}
}

// isNew appends a rule to a list that has it not yet: EC2 refuses the second of equal ones.
func isNew(to *list, rule object) bool {
	if slices.ContainsFunc(*to, func(e any) bool { return reflect.DeepEqual(e, rule) }) {
		return false
	}
	*to = append(*to, rule)
	return true
}

// rule is a rule for a range or a prefix list.
func (b *builder) rule(v *vpc, peer string) object {
	r := b.covering()
	if len(b.lists) > 0 && b.chance(10) {
		r[peer+"PrefixListId"] = att(one(b.Rand, b.lists...).id, "PrefixListId")
		return r
	}
	c := b.peer(v)
	r[c.in("CidrIp", "CidrIpv6")] = c.value
	return r
}

// covering is the part of a rule that names protocol and ports.
func (b *builder) covering() object {
	proto, from, to := b.ports()
	if proto == "-1" {
		return object{"IpProtocol": proto}
	}
	return object{"IpProtocol": proto, "FromPort": from, "ToPort": to}
}

// peer is whom a filter in a VPC may know.
func (b *builder) peer(v *vpc) cidr {
	switch n := b.IntN(100); {
	case n < 45:
		return all(b.chance(55))
	case n < 65:
		return one(b.Rand, v.ranges...)
	case n < 85 && len(v.links) > 0:
		return one(b.Rand, one(b.Rand, v.links...).to.ranges...)
	}
	return b.destination(nil)
}

// acl makes a network ACL for one or two subnets. It lets pass what a few entries do not deny, or what entries list.
func (b *builder) acl(v *vpc) {
	id := b.add("AWS::EC2::NetworkAcl", object{"VpcId": ref(v.id)})
	for _, s := range some(b, 1+b.IntN(2), v.subnets) {
		if !s.filtered {
			s.filtered = true
			b.add("AWS::EC2::SubnetNetworkAclAssociation", object{"SubnetId": ref(s.id), "NetworkAclId": ref(id)})
		}
	}
	numbers := b.Perm(300) // in no order, none twice
	entry := func(egress, first, allow bool, c cidr, proto string, from, to int) {
		b.add("AWS::EC2::NetworkAclEntry", object{"NetworkAclId": ref(id), "RuleNumber": 1 + numbers[0] + either(first, 0, 300), "Egress": when(egress, true),
			"RuleAction": either(allow, "allow", "deny"), c.in("CidrBlock", "Ipv6CidrBlock"): c.value,
			"Protocol": map[string]int{"-1": -1, "tcp": 6, "udp": 17}[proto], "PortRange": when(proto != "-1", object{"From": from, "To": to})})
		numbers = numbers[1:]
	}
	listed := b.chance(25)
	for _, egress := range []bool{false, true} {
		for range b.IntN(3) {
			proto, from, to := b.ports()
			entry(egress, true, b.chance(40), b.peer(v), proto, from, to)
		}
		for _, six := range []bool{false, true} {
			switch {
			case b.chance(6):
			case listed:
				port, nodes := one(b.Rand, servicePorts...), b.chance(50)
				entry(egress, false, true, all(six), "tcp", port, port)
				entry(egress, false, true, all(six), "tcp", either(nodes, 32768, 1024), either(nodes, 60999, 65535))
			default:
				entry(egress, false, true, all(six), "-1", 0, 0)
			}
		}
	}
}
