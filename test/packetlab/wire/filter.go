package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Filter is what a box does with packets beside routing them: one table, whose chains come into force together.
type Filter struct {
	conn  *nftables.Conn
	table *nftables.Table
}

// Filter fills the box's table.
func (b *Box) Filter(fill func(*Filter)) error {
	conn, err := nftables.New(nftables.WithNetNSFd(int(b.ns)))
	if err != nil {
		return fmt.Errorf("box %s: %w", b.Name, err)
	}
	f := &Filter{conn: conn}
	f.table = conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "lab"})
	fill(f)
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("box %s: filter: %w", b.Name, err)
	}
	return nil
}

// Chain is a list of rules; the first verdict of a rule that matches ends it.
type Chain struct {
	*Filter
	chain *nftables.Chain
}

// The places where a chain can stand. The numbers order chains at one place: connections are known from -200 on,
// destinations are translated at -100 and sources at 100.
const (
	Before   = "prerouting"  // as the packet comes in
	Through  = "forward"     // between two interfaces
	After    = "postrouting" // as it goes out
	Outgoing = "output"      // as a process of the box sends it
)

var hooks = map[string]*nftables.ChainHook{
	Before: nftables.ChainHookPrerouting, Through: nftables.ChainHookForward, After: nftables.ChainHookPostrouting, Outgoing: nftables.ChainHookOutput,
}

// Chain adds a chain that every packet at a place passes. What it does not decide is accepted.
func (f *Filter) Chain(name, place string, priority int) Chain {
	return f.chain(name, place, priority, nftables.ChainTypeFilter)
}

// Translation adds a chain whose rules translate: each connection passes it once.
func (f *Filter) Translation(name, place string, priority int) Chain {
	return f.chain(name, place, priority, nftables.ChainTypeNAT)
}

// Rerouting adds a chain at [Outgoing] after whose marks the route is chosen anew.
func (f *Filter) Rerouting(name string, priority int) Chain {
	return f.chain(name, Outgoing, priority, nftables.ChainTypeRoute)
}

func (f *Filter) chain(name, place string, priority int, kind nftables.ChainType) Chain {
	p := nftables.ChainPriority(priority)
	return Chain{f, f.conn.AddChain(&nftables.Chain{Name: name, Table: f.table, Type: kind, Hooknum: hooks[place], Priority: &p})}
}

// Called adds a chain that only [Jump] leads to.
func (f *Filter) Called(name string) Chain {
	return Chain{f, f.conn.AddChain(&nftables.Chain{Name: name, Table: f.table})}
}

// Expr is a condition or an action of a rule.
type Expr []expr.Any

// Rule adds a rule: its conditions from left to right, then its action.
func (c Chain) Rule(parts ...Expr) {
	var all []expr.Any
	for _, p := range parts {
		all = append(all, p...)
	}
	c.conn.AddRule(&nftables.Rule{Table: c.table, Chain: c.chain, Exprs: all})
}

func equal(data []byte) expr.Any { return &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: data} }

func verdict(k expr.VerdictKind) Expr { return Expr{&expr.Verdict{Kind: k}} }

// The verdicts.
var (
	Accept = verdict(expr.VerdictAccept)
	Drop   = verdict(expr.VerdictDrop)
	Return = verdict(expr.VerdictReturn)
)

// Jump goes through another chain, and comes back if that decides nothing.
func Jump(chain string) Expr { return Expr{&expr.Verdict{Kind: expr.VerdictJump, Chain: chain}} }

func ifname(key expr.MetaKey, name string) Expr {
	return Expr{&expr.Meta{Key: key, Register: 1}, equal(binaryutil.PutString(name + "\x00"))}
}

// In matches the interface by which the packet came, Out the one by which it goes.
func In(link string) Expr { return ifname(expr.MetaKeyIIFNAME, link) }

// Out matches the interface by which the packet goes.
func Out(link string) Expr { return ifname(expr.MetaKeyOIFNAME, link) }

// Proto matches the protocol by its number.
func Proto(n byte) Expr {
	return Expr{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, equal([]byte{n})}
}

// Ports match the source or destination port of TCP and UDP; combine them with [Proto].
func ports(offset uint32, from, to uint16) Expr {
	return Expr{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
		&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: binaryutil.BigEndian.PutUint16(from), ToData: binaryutil.BigEndian.PutUint16(to)},
	}
}

// SrcPort matches a range of source ports of TCP or UDP.
func SrcPort(from, to uint16) Expr { return ports(0, from, to) }

// DstPort matches a range of destination ports of TCP or UDP.
func DstPort(from, to uint16) Expr { return ports(2, from, to) }

func family(six bool) Expr {
	n := byte(unix.NFPROTO_IPV4)
	if six {
		n = unix.NFPROTO_IPV6
	}
	return Expr{&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1}, equal([]byte{n})}
}

// The address families, to match.
var (
	Four = family(false)
	Six  = family(true)
)

func address(p netip.Prefix, offset4, offset6 uint32) Expr {
	p = p.Masked()
	out := Expr{}
	out = append(out, family(p.Addr().Is6())...)
	if p.Bits() == 0 {
		return out
	}
	n := uint32(p.Addr().BitLen() / 8)
	offset := offset4
	if p.Addr().Is6() {
		offset = offset6
	}
	return append(out,
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: n},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: n, Mask: ipnet(p).Mask, Xor: make([]byte, n)},
		equal(p.Addr().AsSlice()))
}

// From matches the source address, and its family.
func From(p netip.Prefix) Expr { return address(p, 12, 8) }

// To matches the destination address, and its family.
func To(p netip.Prefix) Expr { return address(p, 16, 24) }

// One is the prefix of one address.
func One(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func state(bits uint32) Expr {
	return Expr{
		&expr.Ct{Register: 1, Key: expr.CtKeySTATE},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// What connection tracking says of a packet.
var (
	Known   = state(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED)
	Fresh   = state(expr.CtStateBitNEW)
	Invalid = state(expr.CtStateBitINVALID)
)

func number(n uint32) []byte { return binaryutil.NativeEndian.PutUint32(n) }

// Mark gives the packet a mark, for [Rule] and [LeadsBackTo].
func Mark(n uint32) Expr {
	return Expr{&expr.Immediate{Register: 1, Data: number(n)}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1}}
}

// HasMark matches packets with a mark.
func HasMark(n uint32) Expr {
	return Expr{&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, equal(number(n))}
}

// MarkConnection gives the packet's connection a mark.
func MarkConnection(n uint32) Expr {
	return Expr{&expr.Immediate{Register: 1, Data: number(n)}, &expr.Ct{Key: expr.CtKeyMARK, SourceRegister: true, Register: 1}}
}

// Marked matches packets of a connection with a mark.
func Marked(n uint32) Expr {
	return Expr{&expr.Ct{Register: 1, Key: expr.CtKeyMARK}, equal(number(n))}
}

// Onward matches packets in the direction in which the connection was opened, Answer those against it.
var (
	Onward = Expr{&expr.Ct{Register: 1, Key: expr.CtKeyDIRECTION}, equal([]byte{0})}
	Answer = Expr{&expr.Ct{Register: 1, Key: expr.CtKeyDIRECTION}, equal([]byte{1})}
)

// LeadsBackTo matches where the route to the packet's source, for the packet's mark, goes out by an interface.
func LeadsBackTo(link string) Expr {
	return Expr{&expr.Fib{Register: 1, ResultOIFNAME: true, FlagSADDR: true, FlagMARK: true}, equal(binaryutil.PutString(link + "\x00"))}
}

func translate(kind expr.NATType, a netip.Addr, from, to uint16) Expr {
	f := uint32(unix.NFPROTO_IPV4)
	if a.Is6() {
		f = unix.NFPROTO_IPV6
	}
	nat := &expr.NAT{Type: kind, Family: f, RegAddrMin: 1}
	out := Expr{&expr.Immediate{Register: 1, Data: a.AsSlice()}}
	if from != 0 {
		nat.RegProtoMin, nat.RegProtoMax, nat.Specified = 2, 3, true
		out = append(out, &expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(from)},
			&expr.Immediate{Register: 3, Data: binaryutil.BigEndian.PutUint16(to)})
	}
	return append(out, nat)
}

// SNAT translates the source to an address, and to a range of ports unless that is 0.
func SNAT(a netip.Addr, from, to uint16) Expr { return translate(expr.NATTypeSourceNAT, a, from, to) }

// DNAT translates the destination to an address, and to a port unless that is 0.
func DNAT(a netip.Addr, port uint16) Expr {
	return translate(expr.NATTypeDestNAT, a, port, port)
}

// Sighting is a packet that a box passed on by an interface.
type Sighting struct {
	Link     string
	Src, Dst netip.AddrPort
}

// Watch writes down each TCP or UDP packet that comes so far in a chain at [Through] or [After], once, for
// [Box.Sightings].
func (c Chain) Watch() {
	for _, six := range []bool{false, true} {
		name, typ, n, src, dst := "seen4", nftables.TypeIPAddr, uint32(4), uint32(12), uint32(16)
		if six {
			name, typ, n, src, dst = "seen6", nftables.TypeIP6Addr, 16, 8, 24
		}
		set := &nftables.Set{Table: c.table, Name: name, Dynamic: true, Concatenation: true, Size: 60000, HasTimeout: false,
			KeyType: nftables.MustConcatSetType(nftables.TypeMark, typ, typ, nftables.TypeInetService, nftables.TypeInetService)}
		if err := c.conn.AddSet(set, nil); err != nil {
			panic(err) // no netlink message is sent yet
		}
		const first = unix.NFT_REG32_00
		reg := func(bytes uint32) uint32 { return first + bytes/4 }
		for _, proto := range []byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
			c.Rule(family(six), Proto(proto), Expr{
				&expr.Meta{Key: expr.MetaKeyOIF, Register: first},
				&expr.Payload{DestRegister: reg(4), Base: expr.PayloadBaseNetworkHeader, Offset: src, Len: n},
				&expr.Payload{DestRegister: reg(4 + n), Base: expr.PayloadBaseNetworkHeader, Offset: dst, Len: n},
				&expr.Payload{DestRegister: reg(4 + 2*n), Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 2},
				&expr.Payload{DestRegister: reg(8 + 2*n), Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
				&expr.Dynset{SrcRegKey: first, SetName: set.Name, SetID: set.ID, Operation: uint32(unix.NFT_DYNSET_OP_ADD)},
			})
		}
	}
}

// Sightings are what [Chain.Watch] has written down so far.
func (b *Box) Sightings() ([]Sighting, error) {
	conn, err := nftables.New(nftables.WithNetNSFd(int(b.ns)))
	if err != nil {
		return nil, err
	}
	nl, err := netlink.NewHandleAt(b.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer nl.Close()
	links, err := nl.LinkList()
	if err != nil {
		return nil, err
	}
	names := map[uint32]string{}
	for _, l := range links {
		names[uint32(l.Attrs().Index)] = l.Attrs().Name
	}
	var out []Sighting
	table := &nftables.Table{Family: nftables.TableFamilyINet, Name: "lab"}
	for name, n := range map[string]int{"seen4": 4, "seen6": 16} {
		set, err := conn.GetSetByName(table, name)
		if err != nil {
			return nil, fmt.Errorf("box %s: %w", b.Name, err)
		}
		elements, err := conn.GetSetElements(set)
		if err != nil {
			return nil, fmt.Errorf("box %s: %w", b.Name, err)
		}
		for _, e := range elements {
			k := e.Key
			src, _ := netip.AddrFromSlice(k[4 : 4+n])
			dst, _ := netip.AddrFromSlice(k[4+n : 4+2*n])
			out = append(out, Sighting{Link: names[binary.NativeEndian.Uint32(k)],
				Src: netip.AddrPortFrom(src, binary.BigEndian.Uint16(k[4+2*n:])), Dst: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(k[8+2*n:]))})
		}
	}
	return out, nil
}
