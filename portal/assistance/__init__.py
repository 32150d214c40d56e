"""What a holder asks the vendor for: help with a lead, and a special price. Each has its clock."""
