"""What Collie keeps of its AI work, one concept a file."""

from assistant.models.draft import Draft
from assistant.models.draft_preset import DraftPreset
from assistant.models.monthly_report import MonthlyReport
from assistant.models.periodic_job import PeriodicJob
from assistant.models.preferences import Preferences
from assistant.models.prompt_version import PromptVersion
from assistant.models.rate_bucket import RateBucket
from assistant.models.relay_call import RelayCall
from assistant.models.relay_format import RelayFormat
from assistant.models.relay_model import RelayModel
from assistant.models.relay_price import RelayPrice
from assistant.models.spending import Spending
from assistant.models.tally import Tally
from assistant.models.triage_chunk import TriageChunk
from assistant.models.triage_item import TriageItem
from assistant.models.triage_run import TriageRun
from assistant.models.trial_answer import TrialAnswer

__all__ = [
    "Draft",
    "DraftPreset",
    "MonthlyReport",
    "PeriodicJob",
    "Preferences",
    "PromptVersion",
    "RateBucket",
    "RelayCall",
    "RelayFormat",
    "RelayModel",
    "RelayPrice",
    "Spending",
    "Tally",
    "TriageChunk",
    "TriageItem",
    "TriageRun",
    "TrialAnswer",
]
