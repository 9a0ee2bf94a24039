# Prints what spkrepo makes of a package; it complains by an exception.
import sys

from spkrepo.utils import SPK

with open(sys.argv[1], "rb") as stream:
    spk = SPK(stream)
print(spk.info["package"], spk.info["version"], spk.info["arch"])
print("icons", *sorted(spk.icons))
print("wizards", *sorted(spk.wizards))
print("licensed" if spk.license else "without a license")
