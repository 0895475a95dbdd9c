package packetlab

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// box makes a box that goes with the test.
func box(t *testing.T, name string) *wire.Box {
	t.Helper()
	b, err := wire.New(name)
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	serverIPv4  = netip.MustParseAddr("203.0.113.7")
	serverIPv6  = netip.MustParseAddr("2001:db8:7::7")
	privateIPv4 = netip.MustParseAddr("10.9.0.1")

	// The ends of a link: the router, and what hangs on it.
	root, leaf = netip.MustParseAddr("fe80::1"), netip.MustParseAddr("fe80::2")
)

// newServer makes a host with boxes behind it, which tells each TCP and UDP client on port 53 from where it came.
func newServer(t *testing.T) *wire.Box {
	t.Helper()
	b := box(t, "server")
	must(t, b.Address("lo", serverIPv4, serverIPv6, privateIPv4))
	must(t, b.Do(func() error {
		l, err := net.Listen("tcp", ":53")
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprint(c, c.RemoteAddr())
				_ = c.Close()
			}
		}()
		for _, a := range []netip.Addr{serverIPv4, serverIPv6, privateIPv4} {
			u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 53)))
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = u.Close() })
			go func() {
				for b := make([]byte, 1); ; {
					_, from, err := u.ReadFromUDPAddrPort(b)
					if err != nil {
						return
					}
					_, _ = u.WriteToUDPAddrPort([]byte(from.String()), from)
				}
			}()
		}
		return nil
	}))
	return b
}

// seen asks the server over "tcp" or "udp" from where a box's connection came.
func seen(b *wire.Box, network string, server netip.Addr) (netip.AddrPort, error) {
	var from netip.AddrPort
	err := b.Do(func() error {
		c, err := net.DialTimeout(network, netip.AddrPortFrom(server, 53).String(), time.Second)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
			return err
		}
		if _, err := c.Write([]byte("?")); err != nil {
			return err
		}
		answer := make([]byte, 100)
		n, err := c.Read(answer)
		if err != nil {
			return err
		}
		from, err = netip.ParseAddrPort(string(answer[:n]))
		return err
	})
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
}

type testNode struct {
	box        *wire.Box
	ipv4, ipv6 netip.Addr
	pods       int
}

// newNode joins a node to the server.
func newNode(t *testing.T, server *wire.Box, n int) *testNode {
	t.Helper()
	node := &testNode{box: box(t, fmt.Sprintf("node%d", n)), ipv4: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}),
		ipv6: netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", n))}
	link := fmt.Sprintf("n%d", n)
	must(t, wire.Link(server, link, node.box, "eth0"))
	must(t, node.box.Address("eth0", node.ipv4, node.ipv6))
	must(t, node.box.Default("eth0"))
	for _, a := range []netip.Addr{node.ipv4, node.ipv6} {
		must(t, server.Route(wire.Route{To: wire.One(a), Link: link}))
	}
	return node
}

// newPod joins a Pod to its node, as the VPC CNI does in the family of its cluster.
func (n *testNode) newPod(t *testing.T, a netip.Addr) *wire.Box {
	t.Helper()
	n.pods++
	pod := box(t, fmt.Sprintf("%s-pod%d", n.box.Name, n.pods))
	link := fmt.Sprintf("pod%d", n.pods)
	must(t, wire.Link(n.box, link, pod, "eth0"))
	must(t, pod.Address("eth0", a))
	must(t, n.box.Route(wire.Route{To: wire.One(a), Link: link}))
	if a.Is6() {
		must(t, pod.Route(wire.Route{To: wire.Everything[1], Link: "eth0", Via: root}))
	}
	return pod
}

var podIPv6 = netip.MustParseAddr("2001:db8:1::1")

func TestEgressIPv4(t *testing.T) {
	tools, server := ToolsFromEnv(), newServer(t)
	for i := 1; i <= 2; i++ { // nodes know nothing of each other
		node := newNode(t, server, i)
		for j, want := range []string{"169.254.172.2", "169.254.172.3"} {
			pod := node.newPod(t, netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::%d", i, j+1)))
			if from, err := seen(pod, "tcp", serverIPv4); err == nil {
				t.Errorf("%s reaches %s as %s before it has IPv4 egress", pod.Name, serverIPv4, from)
			}
			got, err := addEgress(tools, node.box, pod, egressConf{NodeIP: node.ipv4, Enabled: true})
			must(t, err)
			if got != netip.MustParseAddr(want) {
				t.Errorf("%s has %s, want %s", pod.Name, got, want)
			}
			for _, network := range []string{"tcp", "udp"} {
				from, err := seen(pod, network, serverIPv4)
				if err != nil || from.Addr() != node.ipv4 {
					t.Errorf("%s from %s is seen from %s (%v), want %s", network, pod.Name, from, err, node.ipv4)
				}
			}
		}
	}
}

func TestEgressDisabled(t *testing.T) {
	server := newServer(t)
	node := newNode(t, server, 1)
	pod := node.newPod(t, podIPv6)
	got, err := addEgress(ToolsFromEnv(), node.box, pod, egressConf{NodeIP: node.ipv4})
	must(t, err)
	if got.IsValid() {
		t.Errorf("the Pod has %s", got)
	}
	if from, err := seen(pod, "tcp", serverIPv4); err == nil {
		t.Errorf("the Pod reaches %s as %s", serverIPv4, from)
	}
}

func TestEgressIPv6(t *testing.T) {
	server := newServer(t)
	node := newNode(t, server, 1)
	pod := node.newPod(t, netip.MustParseAddr("10.0.1.1"))
	got, err := addEgress(ToolsFromEnv(), node.box, pod, egressConf{NodeIP: node.ipv6, Enabled: true, V6: true})
	must(t, err)
	if want := netip.MustParseAddr("fd00::ac:2"); got != want {
		t.Errorf("the Pod has %s, want %s", got, want)
	}
	for _, network := range []string{"tcp", "udp"} {
		from, err := seen(pod, network, serverIPv6)
		if err != nil || from.Addr() != node.ipv6 {
			t.Errorf("%s is seen from %s (%v), want %s", network, from, err, node.ipv6)
		}
	}
}

// The port that the node gives a Pod's connection: with none it stays, else it may be any from 1024 on.
func TestEgressPorts(t *testing.T) {
	server := newServer(t)
	for i, c := range []struct {
		randomize string
		low       bool
	}{{"", true}, {"prng", true}, {"hashrandom", true}, {"none", false}} {
		node := newNode(t, server, i+1)
		pod := node.newPod(t, podIPv6)
		_, err := addEgress(ToolsFromEnv(), node.box, pod, egressConf{NodeIP: node.ipv4, Enabled: true, RandomizeSNAT: c.randomize})
		must(t, err)
		least, most := uint16(65535), uint16(0)
		for range 200 {
			from, err := seen(pod, "tcp", serverIPv4)
			must(t, err)
			least, most = min(least, from.Port()), max(most, from.Port())
		}
		t.Logf("%q: %d to %d", c.randomize, least, most)
		if low := least < 32768; low != c.low || least < 1024 {
			t.Errorf("%q: the ports are from %d to %d", c.randomize, least, most)
		}
	}
}

// The plugin's own words come with its errors.
func TestEgressFails(t *testing.T) {
	node := newNode(t, newServer(t), 1)
	pod := node.newPod(t, podIPv6)
	tools := ToolsFromEnv()
	c := egressConf{NodeIP: node.ipv4, Enabled: true}
	_, err := addEgress(tools, node.box, pod, c)
	must(t, err)
	_, err = addEgress(tools, node.box, pod, c)
	if err == nil || !strings.Contains(err.Error(), "169.254.172.2 has been allocated") {
		t.Errorf("a second address for the same Pod: %v", err)
	}
}

func TestTools(t *testing.T) {
	want := Tools{Egress: "a", HostLocal: "b", NAT64: "c", NoNAT64: "d"}
	for _, v := range want.Env() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	if got := ToolsFromEnv(); got != want {
		t.Errorf("the tools are %+v, want %+v", got, want)
	}
	t.Setenv("PATH", t.TempDir())
	const missing = "tayga is not installed (Debian package tayga)"
	if _, err := findNAT64(); err == nil || err.Error() != missing {
		t.Errorf("%v, want %s", err, missing)
	}
}
