"""The faults that the lab can inject, with the scripts that make and mend them."""
