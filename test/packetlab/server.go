package packetlab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/eks-ipv6/cdk/internal/network"
	"github.com/eks-ipv6/cdk/test/packetlab/wire"
)

// everywhere is a server at all addresses of a box of one family: samples know a host by many, and each socket takes a file.
func everywhere(b *wire.Box, to netip.AddrPort, proto network.Proto) server {
	all := netip.IPv4Unspecified()
	if to.Addr().Is6() {
		all = netip.IPv6Unspecified()
	}
	return server{b, netip.AddrPortFrom(all, to.Port()), proto == network.UDP}
}

// open begins to listen, in the thread's network namespace.
func (s server) open(answer answerer) (io.Closer, error) {
	family := "4"
	if s.addr.Addr().Is6() {
		family = "6"
	}
	conf := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return control(raw, shared) }}
	if !s.udp {
		ln, err := conf.Listen(context.Background(), "tcp"+family, s.addr.String())
		if err != nil {
			return nil, err
		}
		go answerTCP(ln.(*net.TCPListener), answer)
		return ln, nil
	}
	conn, err := conf.ListenPacket(context.Background(), "udp"+family, s.addr.String())
	if err != nil {
		return nil, err
	}
	udp := conn.(*net.UDPConn)
	raw, err := udp.SyscallConn()
	if err == nil {
		err = control(raw, toldAddress(s.addr.Addr().Is6()))
	}
	if err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	go answerUDP(udp, s.addr.Port(), answer)
	return udp, nil
}

func control(raw syscall.RawConn, set func(fd int) error) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = set(int(fd)) })
	return errors.Join(err, failed)
}

// shared lets a client have the port of a server of its box.
func shared(fd int) error {
	return errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
}

// toldAddress makes a socket tell the address that a datagram came to.
func toldAddress(six bool) func(fd int) error {
	return func(fd int) error {
		if six {
			return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
}

func answerTCP(ln *net.TCPListener, answer answerer) {
	for {
		conn, err := ln.AcceptTCP()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(patience))
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				return
			}
			t, err := parseTicket(line)
			if err != nil {
				return
			}
			local, remote := conn.LocalAddr().(*net.TCPAddr).AddrPort(), conn.RemoteAddr().(*net.TCPAddr).AddrPort()
			if a := answer(t, unmapped(local), unmapped(remote)); a != nil {
				_, _ = conn.Write(append(a, '\n'))
			}
		}()
	}
}

func answerUDP(conn *net.UDPConn, port uint16, answer answerer) {
	buf, oob := make([]byte, 256), make([]byte, 128)
	for {
		n, m, _, from, err := conn.ReadMsgUDPAddrPort(buf, oob)
		if err != nil {
			return
		}
		local, as := cameTo(oob[:m])
		t, err := parseTicket(string(buf[:n]))
		if err != nil || !local.IsValid() {
			continue
		}
		go func() {
			if a := answer(t, netip.AddrPortFrom(local, port), unmapped(from)); a != nil {
				_, _, _ = conn.WriteMsgUDPAddrPort(append(a, '\n'), as, from)
			}
		}()
	}
}

// cameTo is the address that a datagram came to, and what makes an answer come from there.
func cameTo(oob []byte) (a netip.Addr, as []byte) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return a, nil
	}
	for _, m := range list {
		switch {
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= 12:
			a = netip.AddrFrom4([4]byte(m.Data[8:12]))
			return a, unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a.As4()})
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= 16:
			a = netip.AddrFrom16([16]byte(m.Data[:16]))
			return a, unix.PktInfo6(&unix.Inet6Pktinfo{Addr: a.As16()})
		}
	}
	return a, nil
}
