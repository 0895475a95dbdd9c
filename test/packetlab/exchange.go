package packetlab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// Flow is one packet and its answer, with what the tracer says of it and the lab: a sample of what a trace is about.
type Flow struct {
	network.Ends
	ID    string // of the catalogue, or what the asker calls it
	Name  string
	Trace network.Trace // of the packet

	First bool // of its trace's samples

	Got Exchange
}

// Exchange is what became of one connection.
type Exchange struct {
	Tried    bool  // a packet was sent
	Arrived  *Seen // what the destination saw, nil if nothing came
	Answered bool  // the answer came back
	Err      string
}

// Seen is what a destination knows of the connection.
type Seen struct {
	At            string // name of its box
	Local, Remote netip.AddrPort
}

// port is the source port of the flow's connection, as its client opens it. A Pod of an IPv4 cluster and its node have one address,
// and the node's box stands for both: it opens the connection with the port that the VPC CNI translates to.
func (f *Flow) port() uint16 {
	if h, ok := f.translated(isCNI); ok && h.Before.Src == h.After.Src {
		return h.After.SrcPort
	}
	return f.Trace.Hops[0].Before.SrcPort
}

// translated is the hop where a component gives the flow's connection another source.
func (f *Flow) translated(by func(network.Hop) bool) (network.Hop, bool) {
	for _, h := range f.Trace.Hops {
		if (h.Action == network.SNAT || h.Action == network.NAT64) && by(h) {
			return h, true
		}
	}
	return network.Hop{}, false
}

// enters is the hop where an internet gateway gives the flow's connection, which comes in by it, a private destination.
func (f *Flow) enters(g *network.InternetGateway) (network.Hop, bool) {
	i := slices.IndexFunc(f.Trace.Hops, func(h network.Hop) bool {
		return h.Action == network.DNAT && h.Component == network.AtInternetGateway && h.Stack == g.Stack && h.LogicalID == g.LogicalID
	})
	if i < 0 {
		return network.Hop{}, false
	}
	return f.Trace.Hops[i], true
}

func isCNI(h network.Hop) bool { return h.Component == network.AtVPCCNI }

// isNAT tells the hops of a NAT gateway.
func isNAT(g *network.NATGateway) func(network.Hop) bool {
	return func(h network.Hop) bool {
		return h.Component == network.AtNATGateway && h.Stack == g.Stack && h.LogicalID == g.LogicalID
	}
}

// forwarded is the hop where a load balancer opens its connection to the target.
func (f *Flow) forwarded() (network.Hop, bool) {
	i := slices.IndexFunc(f.Trace.Hops, func(h network.Hop) bool { return h.Action == network.Connect || h.Action == network.Translate })
	if i < 0 {
		return network.Hop{}, false
	}
	return f.Trace.Hops[i], true
}

// dialled is the address that the flow's client opens its connection to; not valid where there is none.
func (f *Flow) dialled() netip.Addr {
	to := address(*f.To, f.Family)
	switch {
	case f.Virtual.IsValid():
		if network.FamilyOf(f.Virtual) != f.Family {
			return netip.Addr{}
		}
		return f.Virtual
	case f.Family == network.IPv4 && f.To.Public.IsValid() && (!inside(f.From) || f.Named && f.To.Balancer != nil):
		// The name of an internet-facing load balancer means its public addresses, inside its VPC too.
		to = f.To.Public
	}
	sees6 := onlyIPv6(f.From) || inside(f.From) && !address(f.From, network.IPv4).IsValid() && address(f.From, network.IPv6).IsValid()
	if f.Named && f.Family == network.IPv4 && sees6 && f.From.Subnet.DNS64 && to.IsValid() {
		return dns64(to)
	}
	return to
}

// onlyIPv6 reports whether an interface has no IPv4 address of its own on the network: a Pod of an IPv6 cluster.
func onlyIPv6(i network.Interface) bool {
	return i.Kind == network.PodInterface && !i.HostNetwork && i.Cluster.Family == network.IPv6
}

// dns64 is the address that DNS64 makes of an IPv4 address (RFC 6052, RFC 6147).
func dns64(a netip.Addr) netip.Addr {
	b := netip.MustParseAddr("64:ff9b::").As16()
	four := a.As4()
	copy(b[12:], four[:])
	return netip.AddrFrom16(b)
}

// server is a place where something listens: at one address, or at all of a box.
type server struct {
	box  *wire.Box
	addr netip.AddrPort
	udp  bool
}

// serve starts what the flows are about to reach.
func (l *Lab) serve() error {
	for _, f := range l.flows {
		if f.Absent() != "" {
			continue
		}
		if err := l.serveFlow(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func (l *Lab) serveFlow(f *Flow) error {
	if f.pings() {
		return nil // the kernel answers
	}
	to := netip.AddrPortFrom(address(*f.To, f.Family), f.Port)
	if f.Virtual.IsValid() {
		to = netip.AddrPortFrom(to.Addr(), f.To.Port)
	}
	if !to.Addr().IsValid() {
		return nil
	}
	switch {
	case f.Front != nil:
		return l.balance(f, to)
	case f.To.Kind == network.BalancerInterface, f.Endpoint != nil:
		return nil // no listener on that port, or nothing behind
	case f.To.Kind == network.ServiceHost:
		for _, r := range l.order {
			for _, e := range r.vpc.Endpoints {
				if p := r.leading(e.Ref); e.Gateway && e.ShortName == f.To.Service && p != nil && e.Speaks(f.Family) {
					if err := l.listen(everywhere(l.named(id(e.Ref)), to, f.Proto)); err != nil {
						return err
					}
				}
			}
		}
		return l.listen(everywhere(l.internet.box, to, f.Proto))
	case !inside(*f.To):
		return l.listen(everywhere(l.internet.box, to, f.Proto))
	}
	if c := l.card(*f.To); c != nil && c.ready && c.has(to.Addr()) {
		return l.listen(everywhere(homeOf(c, *f.To), to, f.Proto))
	}
	return nil
}

func (l *Lab) named(name string) *wire.Box {
	for _, b := range l.boxes {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// listen starts a server that tells clients what it saw.
func (l *Lab) listen(s server) error {
	return l.start(s, func(t ticket, local, remote netip.AddrPort) []byte {
		seen := Seen{At: s.box.Name, Local: local, Remote: remote}
		l.arrived(t, s.box, seen)
		answer, _ := json.Marshal(seen)
		return answer
	})
}

// ticket is what a client begins with: which flow it is about, and the how manieth try.
type ticket struct{ flow, try int }

func (t ticket) String() string { return fmt.Sprintf("%d.%d", t.flow, t.try) }

func parseTicket(s string) (t ticket, err error) {
	_, err = fmt.Sscanf(s, "%d.%d", &t.flow, &t.try)
	return t, err
}

// flow is the one that a ticket is of, nil if there is none.
func (l *Lab) flow(t ticket) *Flow {
	if t.flow < 0 || t.flow >= len(l.flows) {
		return nil
	}
	return l.flows[t.flow]
}

// answerer makes the line that a client gets back.
type answerer func(t ticket, local, remote netip.AddrPort) []byte

const patience = 3 * time.Second

func (l *Lab) start(s server, answer answerer) error {
	if l.servers[s] {
		return nil
	}
	l.servers[s] = true
	return s.box.Do(func() error {
		open, err := s.open(answer)
		if err == nil {
			l.open = append(l.open, open)
		}
		return err
	})
}
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// destinations are the boxes that a flow may end at.
func (l *Lab) destinations(f *Flow) []*wire.Box {
	to := *f.To
	if f.Front != nil {
		if f.Backend == nil {
			return nil
		}
		to = *f.Backend
	}
	if inside(to) {
		if c := l.card(to); c != nil {
			return []*wire.Box{homeOf(c, to)}
		}
		return nil
	}
	out := []*wire.Box{l.internet.box}
	for _, r := range l.order {
		for _, e := range r.vpc.Endpoints {
			if e.Gateway && e.ShortName == to.Service {
				out = append(out, l.named(id(e.Ref)))
			}
		}
	}
	return out
}

// arrived writes down what the destination of a flow saw. Where ranges overlap, a host that is not the destination may
// have its address: what comes to that one did not arrive.
func (l *Lab) arrived(t ticket, at *wire.Box, s Seen) {
	l.noting.Lock()
	defer l.noting.Unlock()
	f := l.flow(t)
	if f != nil && slices.Contains(l.destinations(f), at) {
		f.Got.Arrived = &s
	}
}

// open dials as soon as the kernel has forgotten an earlier try from the same port.
func open(b *wire.Box, udp bool, from, to netip.AddrPort, mark uint32, t ticket, wait time.Duration) (err error) {
	for range 10 {
		err = dial(b, udp, from, to, mark, t, wait)
		if !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.EADDRINUSE) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// dial opens a connection in a box and exchanges one line over it.
func dial(b *wire.Box, udp bool, from, to netip.AddrPort, mark uint32, t ticket, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	file, err := socket(b, udp, from, to, mark)
	if err != nil {
		return err
	}
	conn, err := connected(file, deadline)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(deadline)
	if _, err := fmt.Fprintln(conn, t); err != nil {
		return err
	}
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}

// socket begins a connection in a box. Only this needs a thread there; the wait does not.
func socket(b *wire.Box, udp bool, from, to netip.AddrPort, mark uint32) (file *os.File, err error) {
	domain, kind := unix.AF_INET, unix.SOCK_STREAM
	if to.Addr().Is6() {
		domain = unix.AF_INET6
	}
	if udp {
		kind = unix.SOCK_DGRAM
	}
	err = b.Do(func() error {
		fd, err := unix.Socket(domain, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), to.String())
		if err := shared(fd); err != nil {
			return err
		}
		// Nothing lingers: the next exchange may have the same ports.
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)); err != nil {
			return err
		}
		if err := unix.Bind(fd, sockaddr(from)); err != nil {
			return fmt.Errorf("bind %s: %w", from, err)
		}
		if err := unix.Connect(fd, sockaddr(to)); err != nil && !errors.Is(err, unix.EINPROGRESS) {
			return fmt.Errorf("connect %s: %w", to, err)
		}
		return nil
	})
	if err != nil && file != nil {
		_ = file.Close()
	}
	return file, err
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is6() {
		return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
}

// connected waits until a socket is connected, and takes it over.
func connected(file *os.File, deadline time.Time) (net.Conn, error) {
	defer file.Close()
	if err := file.SetWriteDeadline(deadline); err != nil {
		return nil, err
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	if err := raw.Write(func(fd uintptr) bool {
		n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			failed = err
		case n != 0:
			failed = unix.Errno(n)
		default:
			_, err := unix.Getpeername(int(fd))
			return err == nil
		}
		return true
	}); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return net.FileConn(file)
}

// The waits for an answer: the next is tried only where the tracer promises one.
var waits = []time.Duration{400 * time.Millisecond, time.Second, 4 * time.Second}

// slots bounds how many exchanges wait at a time, in all labs together: each takes files too.
var slots = make(chan struct{}, 160)

// Run opens every flow's connection.
func (l *Lab) Run() {
	var group sync.WaitGroup
	for n, f := range l.flows {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			l.exchange(f, ticket{flow: n})
		})
	}
	group.Wait()
}

func (l *Lab) exchange(f *Flow, t ticket) {
	to, got := f.dialled(), &f.Got
	box, from, marks, why := l.client(f, to)
	if got.Err = why; why != "" {
		return
	}
	got.Tried = true
	for try, wait := range waits {
		t.try = try
		for _, mark := range marks {
			var err error
			if f.pings() {
				err = ping(box, from, to, mark, uint16(t.flow), wait)
			} else {
				err = open(box, f.Proto == network.UDP, netip.AddrPortFrom(from, f.port()), netip.AddrPortFrom(to, f.Port), mark, t, wait)
			}
			if err == nil {
				got.Answered, got.Err = true, ""
				return
			}
			got.Err = err.Error()
		}
		if !f.Trace.Verdict.OK() {
			return
		}
		time.Sleep(wait / 4) // an error may come at once, and be gone soon
	}
}

// client is where a flow's connection begins: the box, its address, and on the internet the doors to knock at.
func (l *Lab) client(f *Flow, to netip.Addr) (b *wire.Box, from netip.Addr, marks []uint32, why string) {
	switch {
	case f.Absent() != "":
		return nil, from, nil, f.Absent()
	case !to.IsValid():
		return nil, from, nil, "the destination has no address of that family"
	}
	if !inside(f.From) {
		from = address(f.From, f.Family)
		for _, d := range l.internet.doors {
			if f.To.VPC == d.vpc {
				marks = append(marks, d.mark)
			}
		}
		if !from.IsValid() {
			return nil, from, nil, "the source has no address of that family"
		}
		if !inside(*f.To) {
			marks = []uint32{0}
		}
		if len(marks) == 0 {
			return nil, from, nil, "no gateway joins the internet and the destination's VPC"
		}
		return l.internet.box, from, marks, ""
	}
	c := l.card(f.From)
	if c == nil || !c.ready {
		return nil, from, nil, "the source does not exist, or its node cannot join"
	}
	if f.From.Kind == network.PodInterface && !f.From.HostNetwork && f.From.Cluster.Family == network.IPv4 && to.Is6() { // by the plugin, if at all
		if c.pod == nil {
			return nil, from, nil, "the Pod has no IPv6 address"
		}
		return c.pod, netip.IPv6Unspecified(), []uint32{0}, ""
	}
	b, from = homeOf(c, f.From), address(f.From, network.FamilyOf(to))
	if onlyIPv6(f.From) && to.Is4() { // the address is the plugin's to choose
		return b, netip.IPv4Unspecified(), []uint32{0}, ""
	}
	if !from.IsValid() {
		return nil, from, nil, "the source has no address of that family"
	}
	return b, from, []uint32{0}, ""
}
