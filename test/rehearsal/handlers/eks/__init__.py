"""Amazon EKS: clusters, nodes, add-ons, access, and the read calls that moto lacks."""

from handlers.eks import access, addons, api, clusters, nodes  # noqa: F401  an import registers the handlers

api.install()
