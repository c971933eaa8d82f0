"""The expressions whose values are recorded, and the samples they are made of.

An expression is ordinary jax.numpy code over the names of SAMPLES. record.py evaluates all of them under JAX; test_laws.py evaluates them here
and compares. A function of the stubs that no expression calls fails the suite.
"""
import itertools

# name: (dtype, nested list)
SAMPLES = {
    "F": ("float32", [[-1.5, 0.0, 2.0], [0.5, 3.25, -0.25]]),
    "P": ("float32", [[0.125, 1.0, 2.0], [0.75, 3.5, 10.0]]),
    "T": ("float32", [[-0.875, 0.0, 0.25], [0.5, 0.625, -0.25]]),
    "H": ("float16", [[-1.5, 0.0, 2.0], [0.5, 3.25, -0.25]]),
    "B": ("bfloat16", [[-1.5, 0.0, 2.0], [0.5, 3.25, -0.25]]),
    "I": ("int32", [[-3, 0, 2], [5, 7, -1]]),
    "J": ("int32", [[2, 3, 1], [4, 2, 5]]),
    "S": ("int8", [[-3, 0, 2], [100, 127, -128]]),
    "U": ("uint8", [[3, 0, 2], [200, 255, 17]]),
    "L": ("bool", [[True, False, True], [False, False, True]]),
    "C": ("complex64", [[1 + 2j, 0j, -0.5j], [2 + 0j, -1 - 1j, 3 + 0.5j]]),
    "N": ("float32", [[float("nan"), float("inf"), -float("inf")], [-0.0, 1e-30, 3e38]]),
    "V": ("float32", [1.0, -2.0, 4.0]),
    "K": ("float32", [[2.0], [-3.0]]),
    "E": ("float32", []),
    "X": ("float32", [3.0, 1.0, 2.0, 1.0, float("nan")]),
}

UNARY = """absolute fabs sign square reciprocal sqrt cbrt exp exp2 expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh
arcsinh arctanh arccosh deg2rad rad2deg floor ceil trunc rint round isnan isinf isfinite isposinf isneginf isreal iscomplex signbit invert
bitwise_count logical_not negative positive conjugate real imag angle modf frexp spacing sinc nan_to_num""".split()
BINARY = """add subtract multiply true_divide floor_divide remainder fmod divmod power float_power maximum minimum fmax fmin arctan2 hypot
logaddexp logaddexp2 copysign nextafter heaviside equal not_equal less less_equal greater greater_equal bitwise_and bitwise_or bitwise_xor
left_shift right_shift logical_and logical_or logical_xor isclose ldexp""".split()
REDUCTIONS = "sum prod max min all any mean var std ptp count_nonzero nansum nanprod nanmax nanmin nanmean nanvar nanstd".split()
CUMULATIVE = "cumsum cumprod nancumsum nancumprod".split()
LAX_UNARY = """abs acos acosh asin asinh atan atanh bitwise_not cbrt ceil clz conj cos cosh digamma erf erf_inv erfc exp exp2 expm1 floor imag
is_finite lgamma log log1p logistic neg population_count real reciprocal rsqrt sign sin sinh sqrt square tan tanh stop_gradient round
bessel_i0e bessel_i1e""".split()
LAX_BINARY = """add atan2 bitwise_and bitwise_or bitwise_xor complex div eq ge gt le lt ne max min mul nextafter pow rem shift_left
shift_right_arithmetic shift_right_logical sub igamma igammac polygamma zeta""".split()

EXPLICIT = """
jnp.sum(F, axis=0)
jnp.sum(F, axis=(0, 1), keepdims=True)
jnp.sum(F, axis=-1, where=F > 0, initial=2)
jnp.sum(F, axis=())
jnp.sum(U, promote_integers=False)
jnp.sum(I, dtype='float32')
jnp.sum(L, dtype=bool)
jnp.sum(E)
jnp.sum(2)
jnp.sum(F, axis=2)
jnp.sum(F, axis=(0, 0))
jnp.prod(F, axis=1, keepdims=True)
jnp.prod(E)
jnp.max(F, axis=1)
jnp.max(F, where=F > 0)
jnp.max(F, axis=0, where=F > 0, initial=-1)
jnp.max(I, where=L, initial=3)
jnp.max(E)
jnp.max(E, initial=1)
jnp.min(F, axis=0, keepdims=True)
jnp.min(L)
jnp.max(L, axis=0)
jnp.all(F, axis=1)
jnp.any(F, axis=0, keepdims=True)
jnp.all(F, where=F > 0)
jnp.mean(F, axis=0, keepdims=True)
jnp.mean(F, where=L)
jnp.mean(I, dtype='float32')
jnp.mean(B, dtype='bfloat16')
jnp.mean(F, where=I)
jnp.var(F, axis=1, ddof=1)
jnp.var(F, axis=1, keepdims=True)
jnp.var(F, correction=1)
jnp.var(F, ddof=1, correction=1)
jnp.var(C)
jnp.var(F, where=L)
jnp.var(F, mean=jnp.mean(F, keepdims=True))
jnp.std(F, axis=0)
jnp.std(F, ddof=1)
jnp.std(F, dtype=int)
jnp.ptp(F, axis=1)
jnp.count_nonzero(F, axis=0, keepdims=True)
jnp.nanvar(N, axis=0)
jnp.nansum(N, axis=0)
jnp.nanmax(X)
jnp.nanmin(X, initial=0.5)
jnp.nanmean(X)
jnp.nanvar(X, ddof=1)
jnp.nanstd(X)
jnp.nanargmax(X)
jnp.nanargmin(X)
jnp.nanargmax(I, axis=1)
jnp.argmax(F)
jnp.argmax(F, axis=1)
jnp.argmax(F, axis=0, keepdims=True)
jnp.argmin(I, axis=-1)
jnp.argmax(X)
jnp.argmax(E)
jnp.argmin(L)
jnp.cumsum(F, axis=1)
jnp.cumsum(F, axis=1, dtype=int)
jnp.cumsum(I, axis=0)
jnp.cumsum(L)
jnp.cumprod(F, axis=0)
jnp.nancumsum(X)
jnp.cumulative_sum(V)
jnp.cumulative_sum(V, include_initial=True)
jnp.cumulative_sum(F, axis=1, include_initial=True)
jnp.cumulative_sum(F)
jnp.cumulative_prod(V, include_initial=True)
jnp.average(F)
jnp.average(F, axis=1)
jnp.average(F, axis=1, weights=V)
jnp.average(F, weights=P)
jnp.average(F, axis=0, weights=P, returned=True)
jnp.average(F, weights=V)
jnp.clip(F, -1, 1)
jnp.clip(F, None, 1.5)
jnp.clip(F, max=0)
jnp.clip(I, 0.5, 2)
jnp.clip(F, V, 3)
jnp.clip(C, 0, 1)
jnp.where(L, F, 0)
jnp.where(F, F, V)
jnp.where(L, 1, 2.5)
jnp.where(True, I, F)
jnp.where(F > 0, I, H)
jnp.where(L, F)
jnp.select([F < 0, F > 1], [F, V], 7)
jnp.select([L], [I])
jnp.select([L], [I, F])
jnp.isclose(F, F + 1e-7)
jnp.isclose(N, N, equal_nan=True)
jnp.isclose(I, J, atol=2)
jnp.allclose(F, F)
jnp.allclose(F, P, rtol=0.5)
jnp.array_equal(F, F)
jnp.array_equal(F, V)
jnp.array_equal(N, N, equal_nan=True)
jnp.array_equiv(K, V)
jnp.array_equiv(jnp.ones((2, 3)), 1)
jnp.round(F, 1)
jnp.round(B, 1)
jnp.round(I, 2)
jnp.around(F, -1)
jnp.angle(C, deg=True)
jnp.nan_to_num(N, nan=1, posinf=2, neginf=-2)
jnp.power(F, 2)
jnp.power(F, -2)
jnp.power(I, 3)
jnp.power(I, -1)
jnp.power(2, I)
jnp.power(F, 0.5)
F ** 3
I ** J
2.0 ** F
F // 2
F % 2
-F
abs(F)
F @ V
1 - F
F & L
I & 3
~L
I << 1
divmod(F, 2)
jnp.zeros((2, 3))
jnp.zeros(3, int)
jnp.zeros((), bool)
jnp.zeros((2, 0), 'complex64')
jnp.zeros(-1)
jnp.ones((2, 3), 'bfloat16')
jnp.ones(())
jnp.empty((2,))
jnp.full((2, 2), 3)
jnp.full((2, 2), 3, dtype='float16')
jnp.full((2, 3), V)
jnp.full(2, True)
jnp.zeros_like(I)
jnp.zeros_like(2)
jnp.ones_like(F, dtype='int8')
jnp.ones_like(F, shape=(2, 2))
jnp.full_like(F, 3)
jnp.full_like(I, 2.5)
jnp.full_like(F, V)
jnp.empty_like(F)
jnp.array(F)
jnp.array([1, 2, 3])
jnp.array([1, 2.5])
jnp.array([[1, 2], [3, 4]], dtype='float32')
jnp.array(2)
jnp.array(True)
jnp.array([1, 2], ndmin=3)
jnp.array([])
jnp.array([V, V])
jnp.asarray(3.5)
jnp.asarray([1, 2], dtype='int8')
jnp.asarray(I, dtype=float)
jnp.copy(F)
jnp.astype(F, int)
jnp.astype(F, bool)
jnp.astype(C, 'float32')
F.astype('int8')
jnp.arange(5)
jnp.arange(2, 7)
jnp.arange(2, 8, 2)
jnp.arange(5, 0, -2)
jnp.arange(0, 1, 0.25)
jnp.arange(5.0)
jnp.arange(1.5, 4)
jnp.arange(3, dtype='float32')
jnp.arange(0)
jnp.arange(3, 1)
jnp.arange(0, 2, 0.3, dtype='bfloat16')
jnp.indices((2, 3))
jnp.indices((2, 3), sparse=True)
jnp.eye(3)
jnp.eye(2, 3, 1)
jnp.eye(3, k=-1, dtype=int)
jnp.identity(2)
jnp.tri(3)
jnp.tri(2, 4, 1, dtype=int)
jnp.tril(F)
jnp.tril(jnp.stack([F, P]), 1)
jnp.triu(F)
jnp.triu(I, -1)
jnp.tril(V)
jnp.meshgrid(V, jnp.arange(2))
jnp.meshgrid(V, jnp.arange(2), indexing='ij')
jnp.meshgrid(V, jnp.arange(2), sparse=True)
jnp.meshgrid(F, V)
jnp.linspace(0, 1, 5)
jnp.linspace(0, 1, 5, endpoint=False)
jnp.linspace(0, 10, 5, dtype=int)
jnp.linspace(0, 1, 1)
jnp.linspace(0, 1, 0)
jnp.linspace(V, 2, 3)
jnp.linspace(V, 2, 3, axis=1)
jnp.linspace(0, 1, 3, retstep=True)
jnp.linspace(0, 1, -1)
jnp.logspace(0, 2, 3)
jnp.logspace(0, 3, 4, base=2)
jnp.geomspace(1, 1000, 4)
jnp.geomspace(-1, -4, 3)
lax.add(F, 1.0)
lax.add(F, 1)
lax.add(F, V)
lax.betainc(P, P, T * T)
lax.clamp(0.0, F, 1.0)
lax.clamp(K * K * 0, F, K * K)
lax.integer_pow(F, 3)
lax.igamma_grad_a(P, P)
lax.mulhi(J.astype('uint32'), J.astype('uint32'))
lax.round(F, 1)
lax.convert_element_type(F, 'int8')
lax.bitcast_convert_type(F, 'int32')
lax.bitcast_convert_type(F, 'uint8')
lax.reduce_precision(F, 5, 3)
lax.select(L, F, P)
lax.select(F[0, 0] > 0, F, P)
lax.select_n(L, F, P)
lax.broadcast(F, (2,))
lax.broadcast_in_dim(V, (2, 3), (1,))
lax.broadcast_to_rank(V, 3)
lax.reshape(F, (3, 2))
lax.reshape(F, (3, 2), (1, 0))
lax.transpose(F, (1, 0))
lax.squeeze(K, (1,))
lax.squeeze(F, (1,))
lax.expand_dims(F, (0, -1))
lax.collapse(jnp.stack([F, P]), 0, 2)
lax.collapse(F, 0)
lax.rev(F, (1,))
lax.concatenate([F, P], 0)
lax.stack([F, P], 1)
lax.unstack(F, 1)
lax.split(F, (1, 2), 1)
lax.tile(V, (2,))
lax.pad(F, 0.0, ((0, 1, 0), (1, -1, 1)))
lax.slice(F, (0, 1), (2, 3))
lax.slice(V, (0,), (3,), (2,))
lax.slice_in_dim(F, 1, None, axis=1)
lax.slice_in_dim(F, -2, -1, axis=1)
lax.index_in_dim(F, -1, 1, False)
lax.index_in_dim(F, 2)
lax.iota(int, 4)
lax.broadcasted_iota('float32', (2, 2), 1)
lax.full((2,), 3)
lax.full((2,), 3, 'bfloat16')
lax.full_like(F, 2)
lax.dynamic_slice(F, (0, 1), (1, 2))
lax.dynamic_slice(F, (jnp.int32(1), jnp.int32(-2)), (1, 2))
lax.dynamic_slice(F, jnp.array([1, 2]), (2, 2))
lax.dynamic_slice_in_dim(F, 1, 2, axis=1)
lax.dynamic_index_in_dim(F, 1)
lax.dynamic_index_in_dim(F, -1, 1, keepdims=False)
lax.dynamic_update_slice(F, P[:1, :2], (1, 1))
lax.dynamic_update_slice_in_dim(F, P[:, :1], 2, 1)
lax.dynamic_update_index_in_dim(F, V, 1, 0)
lax.reduce_sum(F, (0,))
lax.reduce_prod(F, (1,))
lax.reduce_max(F, (0, 1))
lax.reduce_min(F, (0,))
lax.reduce_and(L, (0,))
lax.reduce_or(L, (1,))
lax.reduce_xor(I, (0,))
lax.reduce_max(F, (-1,))
lax.argmax(F, 1, 'int32')
lax.argmin(F, 0, 'int32')
lax.cumsum(F, 1)
lax.cumsum(F, 0, reverse=True)
lax.cumprod(F, 1)
lax.cummax(F, 1)
lax.cummin(F, 1, reverse=True)
lax.cumlogsumexp(F, 1)
lax.dot_general(F, P, (((1,), (1,)), ((), ())))
lax.dot_general(F, P, (((1,), (1,)), ((0,), (0,))))
lax.dot(F, P.T)
lax.dot(V, V)
lax.dot(F, F)
lax.batch_matmul(F[None], P.T[None])
lax.sort(F)
lax.sort(F, 0)
lax.sort(X)
lax.sort_key_val(V, V * 10)
lax.top_k(V, 2)
lax.top_k(F, 2, axis=1)
jnp.diag(V)
jnp.diag(V, -1)
jnp.diag(I, 1)
jnp.quantile(F, 0.3)
jnp.quantile(F, jnp.array([0.1, 0.9]), axis=1)
jnp.quantile(F, jnp.array([0.1, 0.9]), axis=0, keepdims=True)
jnp.quantile(F, 0.5, method='nearest')
jnp.quantile(F, 0.5, method='lower')
jnp.quantile(H, 0.25, axis=(0, 1))
jnp.quantile(I, 0.25)
jnp.quantile(X, 0.5)
jnp.quantile(C, 0.5)
jnp.quantile(F, 0.5, method='best')
jnp.nanquantile(X, 0.3)
jnp.nanquantile(X, jnp.array([0.1, 0.5]))
jnp.percentile(F, 30, axis=1)
jnp.nanpercentile(X, 30)
jnp.median(F)
jnp.median(F, axis=1, keepdims=True)
jnp.nanmedian(X)
lax.conv(F[None, None], P[None, None, :, :2], (1, 1), 'SAME')
lax.conv_general_dilated(F[None, None], P[None, None, :, :2], (1, 2), 'VALID')
lax.conv_general_dilated(F[None, :, :, None], P[:, :2, None, None], (1, 1), [(1, 1), (0, 1)], dimension_numbers=('NHWC', 'HWIO', 'NHWC'))
lax.conv_general_dilated(F[None], P[:, :, None], (1,), 'SAME_LOWER', dimension_numbers=('NWC', 'IOW', 'NCW'))
lax.conv_general_dilated(F[None], F[None, :, :2], (1,), [(1, 0)], rhs_dilation=(2,))
lax.reduce_window(F, 0.0, lax.add, (1, 2), (1, 1), 'VALID')
lax.reduce_window(F, -jnp.inf, lax.max, (2, 2), (1, 1), 'SAME')
lax.reduce_window(I, 0, lax.add, (1, 2), (1, 2), [(0, 0), (1, 0)])
""".strip().split("\n")

# Which rooms' functions these expressions have to cover; further rooms bring tests of their own.
PARTS = {"numpy": UNARY + BINARY + REDUCTIONS + CUMULATIVE, "lax": LAX_UNARY + LAX_BINARY}


def expressions():
    """Every expression, in a fixed order."""
    for name in UNARY:
        for sample in "FPTHBISULCN":
            yield f"jnp.{name}({sample})"
        yield f"jnp.{name}(0.5)"
        yield f"jnp.{name}(2)"
    for name in BINARY:
        for x, y in [("F", "P"), ("F", "V"), ("F", "K"), ("F", "2"), ("2.5", "F"), ("F", "I"), ("I", "J"), ("I", "2"), ("I", "2.5"), ("S", "S"),
                     ("U", "U"), ("U", "I"), ("H", "I"), ("B", "H"), ("L", "L"), ("L", "1"), ("C", "F"), ("1", "2.5"), ("N", "F"), ("F", "N")]:
            yield f"jnp.{name}({x}, {y})"
    for name in REDUCTIONS:
        for sample in "FHBISULCN":
            yield f"jnp.{name}({sample})"
        yield f"jnp.{name}(F, axis=1)"
    for name in CUMULATIVE:
        for sample in "FHBSULCX":
            yield f"jnp.{name}({sample})"
    for name in LAX_UNARY:
        for sample in "FPTBILC":
            yield f"lax.{name}({sample})"
    for name in LAX_BINARY:
        for x, y in itertools.product("FPIULC", repeat=2):
            if x == y or (x, y) == ("F", "P"):
                yield f"lax.{name}({x}, {y})"
    yield from EXPLICIT
