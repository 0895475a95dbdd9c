package aws

import (
	"slices"
	"strings"
	"testing"
)

// nitroFamilies are all whose hypervisor is nitro in the VPC CNI's table of August 2026, and the bare-metal ones.
const nitroFamilies = `a1 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i c7i-flex c8a c8g c8gb c8gd c8gn c8i c8i-flex c8ib
	c8id c8in c8ine c9g c9gd d3 d3en dl1 dl2q f2 g4ad g4dn g5 g5g g6 g6e g6f g7 g7e gr6 gr6f hpc6a hpc6id hpc7a hpc7g hpc8a i3en i4g i4i i7i i7ie
	i8g i8ge im4gn inf1 inf2 is4gen m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g m6gd m6i m6id m6idn m6in m7a m7g m7gd m7i m7i-flex m8a m8azn m8g m8gb
	m8gd m8gn m8i m8i-flex m8ib m8id m8idb m8idn m8in m8ine m9g m9gd p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 p6e-gb200 r5 r5a r5ad r5b r5d r5dn r5n
	r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz r8a r8g r8gb r8gd r8gn r8i r8i-flex r8ib r8id r8idb r8idn r8in t3 t3a t4g trn1 trn1n
	trn2 u-3tb1 u-6tb1 u-9tb1 u-12tb1 u-18tb1 u-24tb1 u7i-6tb u7i-8tb u7i-12tb u7in-16tb u7in-24tb u7in-32tb vt1 x2gd x2idn x2iedn x2iezn x8aedz x8g x8i z1d`

// armFamilies are those of them with Graviton or Grace.
const armFamilies = `a1 c6g c6gd c6gn c7g c7gd c7gn c8g c8gb c8gd c8gn c9g c9gd g5g hpc7g i4g i8g i8ge im4gn is4gen m6g m6gd m7g m7gd m8g m8gb m8gd m8gn
	m9g m9gd p6e-gb200 r6g r6gd r7g r7gd r8g r8gb r8gd r8gn t4g x2gd x8g`

func TestInstances(t *testing.T) {
	t.Parallel()
	arm := strings.Fields(armFamilies)
	for _, family := range strings.Fields(nitroFamilies) {
		if Xen(family+".large") || Xen(family+".metal") {
			t.Errorf("%s is Xen", family)
		}
		if want := slices.Contains(arm, family); ARM(family+".large") != want {
			t.Errorf("%s: ARM %v", family, !want)
		}
	}
	for _, family := range xenFamilies {
		if !Xen(family+".xlarge") || ARM(family+".xlarge") {
			t.Errorf("%s is Nitro, or ARM", family)
		}
	}
	if !slices.IsSorted(xenFamilies) {
		t.Error("not sorted")
	}
	for _, metal := range []string{"i3.metal", "i3.metal-24xl"} {
		if Xen(metal) {
			t.Errorf("%s is Xen", metal)
		}
	}
	if Xen("") || ARM("") || ARM("m7g") {
		t.Error("what is no instance type is one")
	}
}

func TestManagedPolicies(t *testing.T) {
	t.Parallel()
	if _, ok := ManagedPolicy("AdministratorAccess"); ok {
		t.Error("AdministratorAccess is known")
	}
	if a, ok := ManagedPolicy("AmazonEKS_CNI_Policy"); !ok || slices.Contains(a, AssignIPv6) {
		t.Errorf("%v, %v: AWS's policy is for IPv4", a, ok)
	}
	for name, actions := range managedPolicies {
		for _, a := range actions {
			if service, action, ok := strings.Cut(a, ":"); !ok || service == "" || action == "" {
				t.Errorf("%s: %q is no action", name, a)
			}
		}
	}
}

func TestCNIActions(t *testing.T) {
	t.Parallel()
	with, without := CNIActions(), CNIActionsWithoutDiscovery()
	if len(with) != 7 || len(without) != 5 || !slices.Contains(without, AssignIPv6) || slices.Contains(with, CNITagActions()[0]) {
		t.Errorf("%v, %v", with, without)
	}
	with[0] = ""
	if CNIActions()[0] != AssignIPv6 {
		t.Error("a caller changes the list")
	}
}

func TestInstanceTypes(t *testing.T) {
	t.Parallel()
	all := InstanceTypes()
	if len(all) < 1400 || !slices.IsSorted(all) {
		t.Errorf("%d types", len(all))
	}
	for _, name := range all {
		if !IsInstanceType(name) {
			t.Errorf("%s is of no known form", name)
		}
	}
	for _, family := range strings.Fields(nitroFamilies) {
		if sizes, ok := InstanceSizes(family); !ok || len(sizes) == 0 {
			t.Errorf("%s has no sizes", family)
		}
	}
	for family, want := range map[string]string{"m7i": "large 48xlarge metal-24xl", "t3": "nano 2xlarge", "i3": "large metal", "p5": "4xlarge 48xlarge", "u7i-12tb": "224xlarge"} {
		sizes, _ := InstanceSizes(family)
		for _, size := range strings.Fields(want) {
			if !slices.Contains(sizes, size) {
				t.Errorf("%s has no %s: %v", family, size, sizes)
			}
		}
	}
	if sizes, _ := InstanceSizes("t3"); slices.Contains(sizes, "metal") || sizes[0] != "nano" {
		t.Errorf("t3: %v", sizes)
	}
	if _, ok := InstanceSizes("zz9"); ok {
		t.Error("zz9 is known")
	}
	for name, want := range map[string]bool{"zz9.large": true, "m9i-flex.3xlarge": true, "x9.metal-12xl": true, "m7i.larg": false, "m7i": false, "m7ilarge": false, "M7i.large": false, ".large": false, "m7i.": false, "m7i.large ": false} {
		if IsInstanceType(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
