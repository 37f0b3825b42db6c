namespace Interlock.Core;

/// <summary>The error types: the DSL 1.0.3's standard ones, then those of governed work.</summary>
public static class ProblemTypes
{
    private const string Dsl = "https://serverlessworkflow.io/spec/1.0.0/errors/";
    private const string DslElsewhere = "https://serverlessworkflow.io/dsl/errors/types/";
    private const string Own = "urn:interlock:errors:";

    public const string Configuration = Dsl + "configuration";
    public const string Validation = Dsl + "validation";
    public const string Expression = Dsl + "expression";
    public const string Authentication = Dsl + "authentication";
    public const string Authorization = Dsl + "authorization";
    public const string Timeout = Dsl + "timeout";
    public const string Communication = Dsl + "communication";
    public const string Runtime = Dsl + "runtime";

    /// <summary>A gateway refusal; stage and rule say which.</summary>
    public const string Refused = Own + "refused";

    /// <summary>A person rejected the gate.</summary>
    public const string GateRejected = Own + "gate-rejected";

    /// <summary>A gate expired undecided.</summary>
    public const string GateExpired = Own + "gate-expired";

    /// <summary>An agent elsewhere paused: a call that it wants needs an approval.</summary>
    public const string NeedsApproval = Own + "needs-approval";

    /// <summary>An effect that may or may not have happened.</summary>
    public const string InDoubt = Own + "in-doubt";

    /// <summary>The tool itself answered with an error.</summary>
    public const string ToolError = Own + "tool-error";

    /// <summary>The run was cancelled.</summary>
    public const string Cancelled = Own + "cancelled";

    /// <summary>The thing asked for does not exist for this tenant.</summary>
    public const string NotFound = Own + "not-found";

    /// <summary>The request contradicts what is stored.</summary>
    public const string Conflict = Own + "conflict";

    /// <summary>A size, count or rate limit.</summary>
    public const string Limit = Own + "limit";

    /// <summary>An agent reached a limit of its loop; the rule names it.</summary>
    public const string Exhausted = Own + "exhausted";

    /// <summary>The type as it is raised here: the DSL's reference and its conformance features name the standard ones differently.</summary>
    public static string Standard(string type) => type.StartsWith(DslElsewhere, StringComparison.Ordinal) ? Dsl + type[DslElsewhere.Length..] : type;
}
