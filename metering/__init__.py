"""What can be done? One function for each verb of the business."""
