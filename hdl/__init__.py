"""The VHDL side: generation, simulation against the golden model, and synthesis."""
