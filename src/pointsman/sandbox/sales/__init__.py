"""The practice business of the worked example: a supplier of workshop parts, its customers, their orders and troubles.

Everything here is invented. `generate.world` makes it from a quarter and a seed; `prepare.prepare` writes it as the
three systems that the example's flow asks. What drives a customer away is written down in `causes`.
"""
