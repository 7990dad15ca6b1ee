"""What a flow will do, worked out before anything runs: what needs what, in which order, and the type of every output.

It stands below the interlock, which needs the same knowledge to follow labels. Pure.
"""
