"""A CloudFormation engine that is strict about templates, in the place of moto's own.

moto's engine ignores unknown resource types and properties, attributes that it cannot resolve, most updates and many
deletions. This one refuses what CloudFormation refuses. What a resource does is in the package `handlers`.

    options     what the environment asks for
    errors      what AWS refuses, and what the rehearsal lacks
    state       what is written down of a run
    schemas     AWS's resource schemas
    intrinsics  Ref, Fn::GetAtt and the other functions
    template    what AWS reports of a template before it makes anything
    resources   a resource of a stack, and the handlers' interface
    stacks      create, update and delete a stack
    backend     moto's CloudFormation API, answered by this engine
"""
