"""The software's version, stored with every response, export and entry of the trail."""

SOFTWARE_VERSION = "0.3.1"
