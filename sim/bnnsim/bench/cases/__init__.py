from tests.kernels.cases import CASES
