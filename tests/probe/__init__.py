"""Tests of the probe, against sandboxes with other assumptions."""
