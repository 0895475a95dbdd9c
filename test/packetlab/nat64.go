package packetlab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

const nat64Link = "nat64"

var (
	nat64Prefix = netip.MustParsePrefix("64:ff9b::/96")

	// tayga keeps to RFC 6052, which lets the well-known prefix stand for global addresses only. NAT gateways do not, and
	// the lab's internet has addresses for documentation. So tayga gets another prefix, of the range for discarding, which
	// no VPC has.
	taygaPrefix = netip.MustParsePrefix("100::/96")

	// nat64Pool are the IPv4 addresses that tayga gives IPv6 hosts: a range for protocols, which no VPC may have.
	nat64Pool = netip.MustParsePrefix("192.0.0.0/24")
)

// startNAT64 runs a translator in a NAT gateway's box, for what comes in to 64:ff9b::/96. What it has translated has a
// source of [nat64Pool]; the box's own translation of IPv4 sources makes it the gateway's.
func startNAT64(t Tools, b *wire.Box) (io.Closer, error) {
	config := fmt.Sprintf("tun-device %s\nprefix %s\nipv4-addr %s\ndynamic-pool %s\n", nat64Link, taygaPrefix, nat64Pool.Addr().Next(), nat64Pool)
	n := &translator{cmd: exec.Command(t.NAT64, "-d", "-c", "/dev/stdin"), ended: make(chan struct{})}
	n.cmd.Stdin, n.cmd.Stdout, n.cmd.Stderr = strings.NewReader(config), &n.log, &n.log
	if err := b.Do(n.cmd.Start); err != nil {
		return nil, fmt.Errorf("box %s: %w", b.Name, err)
	}
	go func() {
		_ = n.cmd.Wait()
		close(n.ended)
	}()
	err := n.lead(b)
	if err != nil {
		_ = n.Close()
		return nil, fmt.Errorf("box %s: tayga: %w\n%s", b.Name, err, n.log.Bytes())
	}
	return n, nil
}

type translator struct {
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
}

// Close ends the translator; its device goes with it.
func (n *translator) Close() error {
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
	return nil
}

// lead waits for the device and leads into it what is to be translated.
func (n *translator) lead(b *wire.Box) error {
	late := time.After(10 * time.Second)
	for up := b.Do(deviceUp); up != nil; up = b.Do(deviceUp) {
		var missing netlink.LinkNotFoundError
		if !errors.As(up, &missing) {
			return up
		}
		select {
		case <-n.ended:
			return errors.New("ended")
		case <-late:
			return up
		case <-time.After(time.Millisecond):
		}
	}
	for _, p := range []netip.Prefix{taygaPrefix, nat64Pool} {
		if err := b.Route(wire.Route{To: p, Link: nat64Link}); err != nil {
			return err
		}
	}
	return b.Filter(func(f *wire.Filter) {
		f.Translation(nat64Link, wire.Before, -100).Rule(wire.To(nat64Prefix), netmap(taygaPrefix))
	})
}

func deviceUp() error {
	l, err := netlink.LinkByName(nat64Link)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

// netmap puts another prefix before the destination.
func netmap(p netip.Prefix) wire.Expr {
	first := p.Masked().Addr().AsSlice()
	last := bytes.Clone(first)
	for bit := p.Bits(); bit < p.Addr().BitLen(); bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return wire.Expr{
		&expr.Immediate{Register: 1, Data: first},
		&expr.Immediate{Register: 2, Data: last},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV6, RegAddrMin: 1, RegAddrMax: 2, Prefix: true},
	}
}
