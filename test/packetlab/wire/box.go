package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Box is a network namespace: a router, a gateway, a host.
type Box struct {
	Name string
	ns   netns.NsHandle
	nl   *netlink.Handle
}

// End is one end of a cable.
type End int

// The ends of a cable from a router to what hangs on it, and of one from a node to a Pod. A box that has the addresses of
// both ends does not hear its neighbours ask for either, so each kind of cable has its own.
const (
	Root End = iota
	Leaf
	Node
	Pod
	trunks
)

// West and East are the ends of a trunk.
func West(n int) End { return trunks + End(2*n) }

// East is the end of the second router.
func East(n int) End { return trunks + End(2*n) + 1 }

// Addr is the address of an end. It means something on its cable only, so all cables have the same.
func (e End) Addr(six bool) netip.Addr {
	n := byte(e) + 1
	if six {
		return netip.AddrFrom16([16]byte{0xfe, 0x80, 15: n})
	}
	return netip.AddrFrom4([4]byte{169, 254, 1, n})
}

// New makes a box with a loopback interface only.
func New(name string) (*Box, error) {
	b := &Box{Name: name, ns: netns.None()}
	err := onThread(func() (err error) {
		b.ns, err = netns.New()
		if err != nil {
			return err
		}
		for name, value := range sysctls {
			if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("box %s: %w", name, err)
	}
	if b.nl, err = netlink.NewHandleAt(b.ns, unix.NETLINK_ROUTE); err != nil {
		return nil, fmt.Errorf("box %s: %w", name, err)
	}
	return b, b.up("lo")
}

// Built says that the box gets no more links, addresses and routes: it needs fewer files from now on.
func (b *Box) Built() {
	b.nl.Close()
	b.nl = &netlink.Handle{}
}

// Close lets go of the box; the kernel removes it with all its interfaces.
func (b *Box) Close() {
	b.nl.Close()
	_ = b.ns.Close()
}

// Path names the box for a program that takes a namespace.
func (b *Box) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(b.ns)) }

// Do calls f in the box. Sockets and processes that f opens stay there.
func (b *Box) Do(f func() error) error {
	return onThread(func() error {
		if err := netns.Set(b.ns); err != nil {
			return fmt.Errorf("box %s: %w", b.Name, err)
		}
		return f()
	})
}

// onThread calls f on a thread of its own, whose namespace f may change.
func onThread(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = home.Close() }()
	err = f()
	if back := netns.Set(home); back != nil {
		return errors.Join(err, back) // the thread stays locked: nobody shall get it
	}
	runtime.UnlockOSThread()
	return err
}

// Link joins a router and what hangs on it: the second reaches the first by [Box.Default].
func Link(a *Box, aName string, b *Box, bName string) error {
	return link(a, aName, Root, b, bName, Leaf)
}

// Nest joins a node and a Pod.
func Nest(node *Box, nodeName string, pod *Box, podName string) error {
	return link(node, nodeName, Node, pod, podName, Pod)
}

// Trunk joins two routers. The ends have addresses of their own for each number, since a router may have many trunks.
func Trunk(n int, a *Box, aName string, b *Box, bName string) error {
	return link(a, aName, West(n), b, bName, East(n))
}

func link(a *Box, aName string, aEnd End, b *Box, bName string, bEnd End) error {
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: aName}, PeerName: bName, PeerNamespace: netlink.NsFd(b.ns)}
	if err := a.nl.LinkAdd(v); err != nil {
		return fmt.Errorf("link %s %s - %s %s: %w", a.Name, aName, b.Name, bName, err)
	}
	if err := errors.Join(a.up(aName), b.up(bName), a.Address(aName, aEnd.Addr(false), aEnd.Addr(true)), b.Address(bName, bEnd.Addr(false), bEnd.Addr(true))); err != nil {
		return err
	}
	return errors.Join(a.neighbour(aName, b, bName, bEnd), b.neighbour(bName, a, aName, aEnd))
}

func (b *Box) up(name string) error {
	l, err := b.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("box %s: %s: %w", b.Name, name, err)
	}
	return b.nl.LinkSetUp(l)
}

// neighbour tells a box the hardware address at the other end of a cable, so that it need not ask: the kernel keeps a
// thousand answers for all namespaces together, and a busy lab has more.
func (b *Box) neighbour(name string, of *Box, ofName string, end End) error {
	l, err := b.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("box %s: %s: %w", b.Name, name, err)
	}
	far, err := of.nl.LinkByName(ofName)
	if err != nil {
		return fmt.Errorf("box %s: %s: %w", of.Name, ofName, err)
	}
	for _, six := range []bool{false, true} {
		n := &netlink.Neigh{LinkIndex: l.Attrs().Index, State: netlink.NUD_PERMANENT, IP: end.Addr(six).AsSlice(), HardwareAddr: far.Attrs().HardwareAddr}
		if err := b.nl.NeighSet(n); err != nil {
			return fmt.Errorf("box %s: neighbour of %s: %w", b.Name, name, err)
		}
	}
	return nil
}

// Address gives an interface addresses, each alone: no network is reached by them.
func (b *Box) Address(link string, addrs ...netip.Addr) error {
	l, err := b.nl.LinkByName(link)
	if err != nil {
		return fmt.Errorf("box %s: %s: %w", b.Name, link, err)
	}
	for _, a := range addrs {
		if !a.IsValid() {
			continue
		}
		ip := &netlink.Addr{IPNet: ipnet(netip.PrefixFrom(a, a.BitLen())), Flags: unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_NODAD}
		if a.IsLinkLocalUnicast() {
			ip.Scope = unix.RT_SCOPE_LINK
		}
		if err := b.nl.AddrAdd(l, ip); err != nil {
			return fmt.Errorf("box %s: address %s on %s: %w", b.Name, a, link, err)
		}
	}
	return nil
}

// Route says where a prefix goes. Exactly one of Link and Kind is set.
type Route struct {
	Table int // 0 is the main table
	To    netip.Prefix
	Link  string
	Via   netip.Addr // the other end of the link; none where that has the destination itself
	Kind  RouteKind
}

// RouteKind is a route that leads nowhere.
type RouteKind int

// The kinds of route that lead nowhere.
const (
	Blackhole   RouteKind = unix.RTN_BLACKHOLE
	Unreachable RouteKind = unix.RTN_UNREACHABLE
	Throw       RouteKind = unix.RTN_THROW // this table does not know: ask the next
	Local       RouteKind = unix.RTN_LOCAL // the box itself has every address of the prefix
)

// Route adds a route.
func (b *Box) Route(r Route) error {
	to := &netlink.Route{Dst: ipnet(r.To.Masked()), Table: r.Table, Type: int(r.Kind)}
	if r.Kind == Local {
		r.Link = "lo"
		to.Scope = unix.RT_SCOPE_HOST
	}
	if r.Link != "" {
		l, err := b.nl.LinkByName(r.Link)
		if err != nil {
			return fmt.Errorf("box %s: %s: %w", b.Name, r.Link, err)
		}
		to.LinkIndex = l.Attrs().Index
	}
	if r.Via.IsValid() {
		to.Gw, to.Flags = r.Via.AsSlice(), int(netlink.FLAG_ONLINK)
	} else if r.Kind == 0 && r.To.Addr().Is4() {
		to.Scope = unix.RT_SCOPE_LINK
	}
	if err := b.nl.RouteAdd(to); err != nil {
		return fmt.Errorf("box %s: route %+v: %w", b.Name, r, err)
	}
	return nil
}

// Everything are the prefixes of all addresses.
var Everything = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// Default sends everything to the router at the other end of a link.
func (b *Box) Default(link string) error { return b.DefaultVia(link, Root) }

// DefaultVia sends everything to an end of a link.
func (b *Box) DefaultVia(link string, end End) error {
	var errs []error
	for _, all := range Everything {
		errs = append(errs, b.Route(Route{To: all, Link: link, Via: end.Addr(all.Addr().Is6())}))
	}
	return errors.Join(errs...)
}

// Rule says which table holds for packets that come in by a link, or that have a mark, or that go to a prefix, or all; the
// lowest number first.
type Rule struct {
	Number int
	In     string
	To     netip.Prefix
	Mark   uint32
	Table  int
}

// Rule adds a rule, for both families unless it is about a prefix.
func (b *Box) Rule(r Rule) error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		to := netlink.NewRule()
		to.Family, to.Priority, to.IifName, to.Table, to.Mark = family, r.Number, r.In, r.Table, r.Mark
		if r.To.IsValid() {
			if r.To.Addr().Is6() != (family == unix.AF_INET6) {
				continue
			}
			to.Dst = ipnet(r.To.Masked())
		}
		if err := b.nl.RuleAdd(to); err != nil {
			return fmt.Errorf("box %s: rule %+v: %w", b.Name, r, err)
		}
	}
	return nil
}

func ipnet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
