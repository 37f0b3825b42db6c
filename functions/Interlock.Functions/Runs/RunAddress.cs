namespace Interlock.Functions.Runs;

/// <summary>Which run: all that an orchestration is started and continued with. What the run works on never enters Durable's history.</summary>
public sealed record RunAddress(string Tenant, string Run);

/// <summary>Asks the activity to move a run on; a time that has come for the orchestration.</summary>
public sealed record AdvanceInput(string Tenant, string Run, DateTimeOffset AsOf);

/// <summary>Asks the activity to run one call of a run.</summary>
public sealed record CallInput(string Tenant, string Run, string Effect);

/// <summary>The custom status: what an operator sees in Durable's tools, and what the reconciler compares. Under 300 bytes whatever the run.</summary>
public sealed record RunProgress(long Events, string Status, bool Suspended, int Calls, int Gates, int Doubts);
