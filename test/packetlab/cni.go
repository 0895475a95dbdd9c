package packetlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// egressConf is what the VPC CNI's settings and the node say about the egress of a Pod.
type egressConf struct {
	NodeIP        netip.Addr // of the node's first interface, in the family of the egress
	RandomizeSNAT string     // AWS_VPC_K8S_CNI_RANDOMIZESNAT; "" is the default
	Enabled       bool       // ENABLE_V4_EGRESS in IPv6 clusters, ENABLE_V6_EGRESS in IPv4 clusters
	V6            bool       // IPv6 egress of a Pod of an IPv4 cluster
}

type object = map[string]any

// addEgress gives a Pod its egress in the other family than its cluster's, by AWS's own plugin. It returns the address that
// the Pod gets for it, which is none if the egress is not enabled.
//
// The plugin is called as the VPC CNI's configuration has it: see misc/10-aws.conflist and cmd/aws-vpc-cni/main.go in
// github.com/aws/amazon-vpc-cni-k8s.
func addEgress(t Tools, node, pod *wire.Box, c egressConf) (netip.Addr, error) {
	subnet, all, link := "169.254.172.0/22", "0.0.0.0/0", "v4if0"
	if c.V6 {
		subnet, all, link = "fd00::ac:00/118", "::/0", "v6if0"
	}
	if c.RandomizeSNAT == "" {
		c.RandomizeSNAT = "prng"
	}
	nodeID, err := identity(node)
	if err != nil {
		return netip.Addr{}, err
	}
	podID, err := identity(pod)
	if err != nil {
		return netip.Addr{}, err
	}
	before, err := handedOn(pod)
	if err != nil {
		return netip.Addr{}, err
	}
	conf, err := json.Marshal(object{
		"cniVersion":    cniVersion,
		"name":          "aws-cni",
		"type":          "egress-cni",
		"mtu":           "9001",
		"enabled":       strconv.FormatBool(c.Enabled),
		"randomizeSNAT": c.RandomizeSNAT,
		"nodeIP":        c.NodeIP,
		"ipam": object{
			"type":    "host-local",
			"ranges":  [][]object{{{"subnet": subnet}}},
			"routes":  []object{{"dst": all}},
			"dataDir": filepath.Join("/run/cni", nodeID), // each node has a file system of its own
		},
		"pluginLogFile":  "stderr",
		"pluginLogLevel": "Debug",
		"prevResult":     before,
	})
	if err != nil {
		return netip.Addr{}, err
	}
	args := &invoke.Args{Command: "ADD", ContainerID: podID, NetNS: pod.Path(), IfName: podLink, Path: filepath.Dir(t.HostLocal)}
	quiet := &invoke.DefaultExec{RawExec: &invoke.RawExec{}}
	err = node.Do(func() error {
		_, err := invoke.ExecPluginWithResult(context.Background(), t.Egress, conf, args, quiet)
		return err
	})
	if err != nil {
		return netip.Addr{}, fmt.Errorf("box %s: egress of %s: %w", node.Name, pod.Name, err)
	}
	if !c.Enabled {
		return netip.Addr{}, nil
	}
	got, err := addressesOn(pod, link)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(got) != 1 {
		return netip.Addr{}, fmt.Errorf("box %s: %s has the addresses %v", pod.Name, link, got)
	}
	a, _ := netip.AddrFromSlice(got[0].IP)
	return a.Unmap(), nil
}

const (
	cniVersion = "0.4.0" // of the VPC CNI's configuration
	podLink    = "eth0"
)

// handedOn is what the plugin before, which made the Pod's eth0, says of it.
func handedOn(pod *wire.Box) (types.Result, error) {
	r := &current.Result{CNIVersion: current.ImplementedSpecVersion, Interfaces: []*current.Interface{{Name: podLink, Sandbox: pod.Path()}}}
	own, err := addressesOn(pod, podLink)
	if err != nil {
		return nil, err
	}
	for _, a := range own {
		r.IPs = append(r.IPs, &current.IPConfig{Interface: current.Int(0), Address: *a.IPNet})
	}
	return r.GetAsVersion(cniVersion)
}

// addressesOn are those of an interface that hold beyond its link.
func addressesOn(b *wire.Box, link string) ([]netlink.Addr, error) {
	var out []netlink.Addr
	err := b.Do(func() error {
		l, err := netlink.LinkByName(link)
		if err != nil {
			return fmt.Errorf("box %s: %s: %w", b.Name, link, err)
		}
		out, err = netlink.AddrList(l, netlink.FAMILY_ALL)
		return err
	})
	return slices.DeleteFunc(out, func(a netlink.Addr) bool { return a.Scope != int(netlink.SCOPE_UNIVERSE) }), err
}

// identity is the kernel's number of a box's namespace, which no other ever gets.
func identity(b *wire.Box) (string, error) {
	var n uint64
	err := b.Do(func() error {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(s) }()
		n, err = unix.GetsockoptUint64(s, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("box %s: %w", b.Name, err)
	}
	return strconv.FormatUint(n, 10), nil
}
