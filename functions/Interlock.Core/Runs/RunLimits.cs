namespace Interlock.Core.Runs;

/// <summary>Limits of the interpreter itself; all count, none measures wall time.</summary>
public static class RunLimits
{
    /// <summary>Steps of one run: a loop without effects ends here with error <c>runtime</c>.</summary>
    public const long StepsPerRun = 10_000_000;

    /// <summary>Steps that one event may cause; a document that needs more between two effects fails.</summary>
    public const int StepsPerEvent = 1_000_000;

    /// <summary>Steps that all expressions evaluated for one event may take together.</summary>
    public const long ExpressionStepsPerEvent = 50_000_000;

    /// <summary>How many runs may be each the cause of the next, through child workflows and emitted events (<c>causation-limit</c>).</summary>
    public const int Causation = 8;

    /// <summary>The rule that refuses one more.</summary>
    public const string CausationRule = "causation-limit";

    /// <summary>Calls of one run that are under way at once; more wait, so that one run can't take all workers.</summary>
    public const int ConcurrentCalls = 16;

    /// <summary>Events that one listening task takes, and that are kept for it while its run is suspended; one more is error <c>runtime</c>.</summary>
    public const int ConsumedEvents = 1000;

    /// <summary>Frames active at once.</summary>
    public const int ActiveFrames = 20_000;

    /// <summary>How often people are asked again about the call of one frame, and how often in a row what to do about one step; then it fails.</summary>
    public const int Reopenings = 3;

    public const int EscalationsInARow = 5;

    /// <summary>Calls that an agent chose in one turn and that are under way at once; more wait.</summary>
    public const int ConcurrentChoices = 16;

    /// <summary>How many agents may be each chosen by the one before (<c>hop-limit</c>).</summary>
    public const int AgentHops = 4;

    /// <summary>The size of one value that a task hands on, in characters of compact JSON; and its nesting.</summary>
    public const long ValueSize = 16 * 1024 * 1024;

    public const int ValueNesting = 200;

    /// <summary>How long an abandoned call may still settle, past its own deadline.</summary>
    public static readonly TimeSpan AbandonedGrace = TimeSpan.FromSeconds(30);

    /// <summary>How long an agent's last answer may take, after a limit was reached.</summary>
    public static readonly TimeSpan LastAnswer = TimeSpan.FromMinutes(5);

    /// <summary>How long people whom policy names may take about a call that an agent chose.</summary>
    public static readonly TimeSpan ChoiceGate = TimeSpan.FromHours(24);

    /// <summary>The deadline of a call under no timeout at all (documents that were run without being published).</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromHours(1);
}
