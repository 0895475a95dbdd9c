module github.com/eks-ipv6/cdk

go 1.25.0
