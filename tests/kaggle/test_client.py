"""What Kaggle's own client says of a pack, as far as it can without Kaggle.

PBL_KAGGLE_PYTHON names a Python that has the client.
"""

import importlib.util
import os
import sys

import pytest
from support.packing import NAMES, files_of, pbl, run

pytestmark = pytest.mark.usefixtures("here")


CLIENT = """
import os, sys, types
os.environ |= {"KAGGLE_USERNAME": "ann", "KAGGLE_KEY": "0" * 32}
from kaggle.api.kaggle_api_extended import KaggleApi

module = sys.modules["kaggle.api.kaggle_api_extended"]

class Reached(Exception):
    "All that is checked without a network is checked."

class Offline:
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    class kernels:
        class kernels_api_client:
            @staticmethod
            def save_kernel(request):
                print("kernel", request.slug, request.new_title, request.enable_internet, request.enable_gpu,
                      request.enable_tpu, request.is_private, request.dataset_data_sources,
                      request.competition_data_sources)
                raise Reached

def status(ref):
    raise module.HTTPError(response=types.SimpleNamespace(status_code=404))

def upload(request, resources, folder, *_):
    ignored = module.DEFAULT_IGNORE_PATTERNS
    names = [n for n in os.listdir(folder) if not module.should_ignore(n, False, ignored)]
    print("dataset", request.owner_slug, request.slug, request.title, request.license_name, request.is_private,
          sorted(names))
    raise Reached

api = KaggleApi()
api.config_values = {"username": "ann", "key": "0" * 32}
api.dataset_status, api.upload_files, api.build_kaggle_client = status, upload, Offline
for push, folder in ((api.dataset_create_new, sys.argv[1]), (api.kernels_push, sys.argv[2])):
    try:
        push(folder)
    except Reached:
        pass
    else:
        sys.exit("the client stopped short")
"""


def client():
    if given := os.environ.get("PBL_KAGGLE_PYTHON"):
        return given
    spec = importlib.util.find_spec("kaggle")  # without the client, the folder of these tests
    return sys.executable if spec and spec.origin else None


@pytest.mark.skipif(client() is None, reason="no Kaggle client: PBL_KAGGLE_PYTHON names a Python that has it")
def test_kaggle_s_own_client_accepts_the_pack():
    pbl("pack", "pillars", *NAMES)
    said = run(client(), "-c", CLIENT, "pack/dataset", "pack/notebook").splitlines()
    flags = "False False False True"
    sources = "['ann/my-pillars'] ['csiro-biomass']"
    assert said[-1] == f"kernel ann/my-pillars-inference My Pillars Inference {flags} {sources}"
    assert "does not resolve" not in "".join(said)
    uploaded = sorted(set(files_of("pack/dataset")))
    assert said[0] == f"dataset ann my-pillars My Pillars CC0-1.0 True {uploaded}"
