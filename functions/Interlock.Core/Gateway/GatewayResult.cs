using Interlock.Core.Gateway.Resilience;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>How a call ended. Whatever it is, it is recorded before it is returned.</summary>
public abstract record GatewayResult
{
    public sealed record Completed(JsonValue Output) : GatewayResult
    {
        /// <summary>See <see cref="UpstreamResult.Completed.Result"/>.</summary>
        public JsonValue? Result { get; init; }
    }

    /// <summary>It did not happen, or the tool says that it failed.</summary>
    public sealed record Failed(Problem Problem) : GatewayResult
    {
        /// <summary>What the tool that failed says, as it is relayed to MCP clients.</summary>
        public JsonValue? Result { get; init; }
    }

    /// <summary>The upstream asks the caller for something; the call goes on when the same effect is asked for with <see cref="CallerLink.Answers"/>.</summary>
    public sealed record InputRequired(JsonValue? Requests, string? State) : GatewayResult;

    /// <summary>A stage refused it; nothing was sent.</summary>
    public sealed record Refused(Refusal Refusal) : GatewayResult;

    /// <summary>It may or may not have happened, and may not simply be repeated.</summary>
    public sealed record InDoubt(Problem Problem) : GatewayResult
    {
        internal static InDoubt Of(string detail) => new(new Problem(ProblemTypes.InDoubt, 500, "The call's outcome is unknown", detail));

        /// <summary>Of an attempt whose outcome nobody knows: a run is told what happened, a client looks for itself.</summary>
        internal static InDoubt Of(GatewayCall call, LedgerRow row) =>
            Of($"'{call.Target}' may or may not have done it: {row.Problem?.Detail ?? row.Problem?.Title} {(call.HasClient ? "Look there before you repeat it." : "Look there, then say what happened.")}");
    }

    /// <summary>Another worker makes the call and is alive: ask again, at the latest after that time. Not an end, and not recorded.</summary>
    public sealed record UnderWay(DateTimeOffset Until) : GatewayResult
    {
        /// <summary>Whether it goes on at the upstream: nothing is learnt before that time, and nobody need wait. Of runs' calls only.</summary>
        public bool IsHanded { get; init; }
    }
}

/// <summary>Which stage refused a call, under which rule, and what to do about it.</summary>
public sealed record Refusal(string Stage, string Rule, int Status, string Detail)
{
    /// <summary>When to come again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What is answered all the same.</summary>
    internal EarlierAnswer? Instead { get; init; }

    public Problem ToProblem(FrameId? frame = null) =>
        new(ProblemTypes.Refused, Status, $"The gateway refused the call at '{Stage}'", Detail, frame?.Value) { Stage = Stage, Rule = Rule };
}

/// <summary>What a stage hands on, or its refusal.</summary>
public readonly record struct StageResult<T>(T? Value, Refusal? Refusal) where T : class
{
    public static implicit operator StageResult<T>(T value) => new(value, null);

    public static implicit operator StageResult<T>(Refusal refusal) => new(null, refusal);
}
