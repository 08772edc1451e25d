"""Tracking: start a workflow, add its service usages, end it, void a usage."""

from metering.tracking.ending import EndWorkflow, WorkflowEnd, end_workflows
from metering.tracking.new_runs import StartWorkflow
from metering.tracking.recording import PastUsage, RecordWorkflow, WorkflowRecord, record_workflows
from metering.tracking.starting import WorkflowStart, start_workflows
from metering.tracking.usages import AddServiceUsage, IfUncovered, UsageAddition, add_service_usages
from metering.tracking.voiding import UsageVoiding, VoidServiceUsage, void_service_usage

__all__ = [
    "AddServiceUsage",
    "EndWorkflow",
    "IfUncovered",
    "PastUsage",
    "RecordWorkflow",
    "StartWorkflow",
    "UsageAddition",
    "UsageVoiding",
    "VoidServiceUsage",
    "WorkflowEnd",
    "WorkflowRecord",
    "WorkflowStart",
    "add_service_usages",
    "end_workflows",
    "record_workflows",
    "start_workflows",
    "void_service_usage",
]
