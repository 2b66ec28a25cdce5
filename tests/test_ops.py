import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
from keras import ops as kops

from dec import ops


def numpy(tensor):
    return kops.convert_to_numpy(tensor)


def loop_distances(z, centers):
    return np.array(
        [[sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) for c in centers] for x in z]
    )


def loop_student_t(squared, alpha):
    kernel = np.array([[(1 + d / alpha) ** (-(alpha + 1) / 2) for d in row] for row in squared])
    return kernel / kernel.sum(axis=1, keepdims=True)


def soft_assignment(z, centers, alpha=1.0):
    return numpy(ops.student_t(ops.squared_distances(z, centers), alpha))


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 3)).astype("float32"), rng.normal(size=(5, 3)).astype("float32")


# ---- squared distances ------------------------------------------------------------------------


def test_distances_by_hand():
    z, centers = np.float32([[0, 0], [3, 4]]), np.float32([[0, 0], [0, 4], [-3, -4]])
    expected = [[0, 16, 25], [25, 9, 100]]
    np.testing.assert_allclose(numpy(ops.squared_distances(z, centers)), expected, atol=1e-5)


def test_distances_are_those_of_a_loop(points):
    z, centers = points
    squared = numpy(ops.squared_distances(z, centers))
    assert squared.shape == (12, 5)
    np.testing.assert_allclose(squared, loop_distances(z, centers), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5])
def test_distances_are_accurate_far_from_the_origin(points, offset):
    z, centers = (np.float32(a + offset) for a in points)
    exact = loop_distances(z.astype("float64"), centers.astype("float64"))
    np.testing.assert_allclose(
        numpy(ops.squared_distances(z, centers)), exact, rtol=1e-4, atol=1e-4
    )
    # The plain expansion is what this test is there to keep out.
    plain = (z**2).sum(1, keepdims=True) - 2 * z @ centers.T + (centers**2).sum(1)
    assert (abs(plain - exact).max() > 0.01) == (offset > 0)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_distances_are_never_negative(scale):
    # Points that lie on a centre: rounding alone decides the sign of the expansion.
    z = np.float32(np.random.default_rng(1).normal(size=(200, 10)) * scale)
    squared = numpy(ops.squared_distances(z, z))
    origin = z.mean(axis=0, keepdims=True)
    moved = z - origin
    plain = (moved**2).sum(1, keepdims=True) - 2 * moved @ moved.T + (moved**2).sum(1)
    assert plain.min() < 0
    assert squared.min() >= 0
    assert np.diag(squared).max() < 1e-5 * scale**2 * 10


def test_distances_of_one_centre_and_one_point():
    squared = numpy(ops.squared_distances(np.float32([[1, 2]]), np.float32([[4, 6]])))
    np.testing.assert_allclose(squared, [[25]], rtol=1e-6)


# ---- soft assignment --------------------------------------------------------------------------


def test_soft_assignment_by_hand():
    # Kernel 1 / (1 + d2) = 1, 1/2, 1/5; sum 1.7.
    q = soft_assignment(np.float32([[0, 0]]), np.float32([[0, 0], [1, 0], [0, 2]]))
    np.testing.assert_allclose(q, [[1 / 1.7, 0.5 / 1.7, 0.2 / 1.7]], rtol=1e-5)
    np.testing.assert_allclose(q, [[0.588235, 0.294118, 0.117647]], atol=1e-6)


def test_precedence_of_the_exponent():
    # (1 + d2)^-1 = 2/3, 1/3. With ((1 + d2)^-2) / 2, a known slip, it would be 0.8, 0.2.
    q = numpy(ops.student_t(np.float32([[0.5, 2.0]])))
    np.testing.assert_allclose(q, [[2 / 3, 1 / 3]], rtol=1e-6)


def test_alpha_three_by_hand():
    # (1 + d2 / 3)^-2: d2 = 0 -> 1, d2 = 3 -> 1/4; sum 5/4.
    q = numpy(ops.student_t(np.float32([[0.0, 3.0]]), 3.0))
    np.testing.assert_allclose(q, [[0.8, 0.2]], rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 3.0, 9.0, 100.0])
def test_soft_assignment_is_that_of_a_loop(points, alpha):
    z, centers = points
    q = soft_assignment(z, centers, alpha)
    np.testing.assert_allclose(q, loop_student_t(loop_distances(z, centers), alpha), rtol=1e-4)
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-5)


def test_infinite_alpha_is_the_softmax(points):
    z, centers = points
    expected = scipy.special.softmax(-loop_distances(z, centers) / 2, axis=1)
    np.testing.assert_allclose(soft_assignment(z, centers, 1e6), expected, rtol=1e-3)
    assert abs(soft_assignment(z, centers, 1.0) - expected).max() > 0.05


def test_student_t_of_a_row_does_not_depend_on_its_place():
    squared = np.random.default_rng(0).exponential(size=(37, 3)).astype("float32")
    turned = numpy(ops.student_t(squared[::-1].copy()))[::-1]
    np.testing.assert_array_equal(numpy(ops.student_t(squared)), turned)


def test_log_student_t_is_the_logarithm(points):
    squared = ops.squared_distances(*points)
    log_q, q = numpy(ops.log_student_t(squared, 2.0)), numpy(ops.student_t(squared, 2.0))
    np.testing.assert_allclose(log_q, np.log(q), atol=1e-5)


def test_no_power_overflows():
    # 1e30^-15.5 is far below the smallest float32, and so is every term of the plain quotient.
    q = numpy(ops.student_t(np.float32([[1e30, 1e30, 2e30]]), 30.0))
    np.testing.assert_allclose(q, [[0.5, 0.5, 0]], atol=1e-4)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 7.0])
def test_equal_distances_give_equal_shares(alpha):
    corners = np.float32([[1, 0], [-1, 0], [0, 1], [0, -1]])
    np.testing.assert_allclose(soft_assignment(np.zeros((2, 2), "float32"), corners, alpha), 0.25)


def test_common_motions_change_nothing(points):
    z, centers = points
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    shift = np.array([5.0, -7.0, 2.0])
    moved = [np.float32(a @ rotation + shift) for a in points]
    np.testing.assert_allclose(
        soft_assignment(*moved), soft_assignment(z, centers), rtol=1e-4, atol=1e-6
    )
    # Moving one side only is no symmetry.
    assert abs(soft_assignment(moved[0], centers) - soft_assignment(z, centers)).max() > 0.01


def test_the_nearest_centre_has_the_largest_share(points):
    q = soft_assignment(*points)
    np.testing.assert_array_equal(q.argmax(axis=1), loop_distances(*points).argmin(axis=1))


# ---- memory -----------------------------------------------------------------------------------


def largest_rank(function, *shapes):
    """Rank of the largest tensor in the graph of ``function`` and of its gradients."""
    tf = pytest.importorskip("tensorflow")

    @tf.function
    def traced(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = function(*tensors)
        return result, tape.gradient(result, tensors)

    graph = traced.get_concrete_function(*[tf.TensorSpec(s, tf.float32) for s in shapes]).graph
    ranks = [out.shape.rank for op in graph.get_operations() for out in op.outputs]
    assert None not in ranks
    return max(ranks)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="reads a TensorFlow graph")
def test_a_thousand_centres_need_no_third_axis():
    def broadcasted(z, centers):
        return kops.sum(kops.square(z[:, None] - centers), axis=-1)

    def ours(z, centers):
        return ops.student_t(ops.squared_distances(z, centers))

    shapes = (256, 64), (1000, 64)
    assert largest_rank(broadcasted, *shapes) == 3
    assert largest_rank(ours, *shapes) == 2


# ---- divergence -------------------------------------------------------------------------------


def random_rows(seed, n=50, k=6):
    return np.random.default_rng(seed).dirichlet(np.full(k, 0.5), size=n).astype("float32")


def test_divergence_by_hand():
    # 1/2 log(2/3) + 1/2 log(2) = 1/2 log(4/3); and log 2 for a one-hot p against a uniform q.
    p, q = np.float32([[0.5, 0.5], [1, 0]]), np.float32([[0.75, 0.25], [0.5, 0.5]])
    expected = [0.5 * np.log(4 / 3), np.log(2)]
    np.testing.assert_allclose(numpy(ops.kl_divergence(p, q)), expected, rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_divergence_is_that_of_scipy(seed):
    p, q = random_rows(seed), random_rows(seed + 100)
    ours = numpy(ops.kl_divergence(p, q))
    assert ours.shape == (50,)
    np.testing.assert_allclose(ours, scipy.stats.entropy(p, q, axis=1), rtol=1e-4, atol=1e-6)


def test_divergence_is_positive_and_zero_for_equal_rows_only():
    p, q = random_rows(0), random_rows(1)
    np.testing.assert_array_equal(numpy(ops.kl_divergence(p, p)), 0)
    assert numpy(ops.kl_divergence(p, q)).min() > 1e-3
    near = 0.99 * p + 0.01 / p.shape[1]
    assert numpy(ops.kl_divergence(p, near)).min() > -1e-6


def test_divergence_with_zeros_is_finite():
    zero_p = numpy(ops.kl_divergence(np.float32([[0, 1]]), np.float32([[0.25, 0.75]])))
    np.testing.assert_allclose(zero_p, [np.log(4 / 3)], rtol=1e-5)
    both = numpy(ops.kl_divergence(np.float32([[0, 1]]), np.float32([[0, 1]])))
    np.testing.assert_array_equal(both, 0)
    impossible = numpy(ops.kl_divergence(np.float32([[1, 0]]), np.float32([[0, 1]])))
    assert 50 < impossible[0] < np.inf


# ---- gradients of KL(P || Q) ------------------------------------------------------------------


def closed_forms(z, centers, p, q, alpha):
    """dL/dz and dL/dmu of section 3.1.2 of Xie et al. (2016), as loops."""
    dz, dmu = np.zeros_like(z), np.zeros_like(centers)
    for i in range(len(z)):
        for j in range(len(centers)):
            apart = z[i] - centers[j]
            force = (alpha + 1) / alpha / (1 + apart @ apart / alpha) * (p[i, j] - q[i, j]) * apart
            dz[i] += force
            dmu[j] -= force
    return dz, dmu


def autodiff(z, centers, p, alpha):
    tf = pytest.importorskip("tensorflow")
    z, centers = tf.constant(z), tf.constant(centers)
    with tf.GradientTape() as tape:
        tape.watch([z, centers])
        loss = kops.sum(
            ops.kl_divergence(p, ops.student_t(ops.squared_distances(z, centers), alpha))
        )
    return [g.numpy() for g in tape.gradient(loss, [z, centers])]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses a TensorFlow tape")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("alpha", [1.0, 3.0])
def test_gradients_are_the_closed_forms(points, alpha, dtype, tolerance):
    z, centers = (a.astype("float64") for a in points)
    p = random_rows(3, *loop_distances(z, centers).shape).astype("float64")
    p /= p.sum(axis=1, keepdims=True)
    q = loop_student_t(loop_distances(z, centers), alpha)
    expected = closed_forms(z, centers, p, q, alpha)
    dz, dmu = autodiff(*(a.astype(dtype) for a in (z, centers, p)), alpha)
    np.testing.assert_allclose(dz, expected[0], atol=tolerance)
    np.testing.assert_allclose(dmu, expected[1], atol=tolerance)
    np.testing.assert_allclose(dz.sum(axis=0) + dmu.sum(axis=0), 0, atol=10 * tolerance)
    assert abs(dz).max() > 0.1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses a TensorFlow tape")
def test_gradients_vanish_where_p_is_q(points):
    z, centers = points
    for gradient in autodiff(z, centers, soft_assignment(z, centers), 1.0):
        np.testing.assert_allclose(gradient, 0, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses a TensorFlow tape")
def test_gradients_are_finite_on_a_centre():
    centers = np.float32([[0, 0], [1, 0]])
    p = np.float32([[0.5, 0.5], [0.1, 0.9]])
    for gradient in autodiff(centers, centers, p, 1.0):
        assert np.isfinite(gradient).all()
