package network

import (
	"net/netip"

	"github.com/eks-ipv6/cdk/internal/cfn"
)

func init() {
	register(Kind{
		Types: []string{"AWS::EC2::PrefixList"},
	})
}

// PrefixList is an AWS::EC2::PrefixList, or a list that AWS keeps for a service.
type PrefixList struct {
	Ref
	Entries []netip.Prefix
	Unknown string
}

func (b *builder) prefixList(v cfn.Value) *PrefixList {
	k := key(v)
	if got := b.lists[k]; got != nil {
		return got
	}
	got := &PrefixList{Ref: outside("AWS::EC2::PrefixList", v), Unknown: "prefix list " + v.String()}
	if r, ok := v.Resource(); ok && r.Type == "AWS::EC2::PrefixList" {
		got.Ref, got.Unknown = ref(r), ""
		entries, unknown := items(r.Prop("Entries"))
		got.Unknown = unknown
		for _, e := range entries {
			p, unknown := prefix(e.Get("Cidr"), 0)
			if unknown != "" {
				got.Unknown = unknown
				continue
			}
			got.Entries = append(got.Entries, p)
		}
	}
	b.lists[k] = got
	b.net.PrefixLists = append(b.net.PrefixLists, got)
	return got
}
