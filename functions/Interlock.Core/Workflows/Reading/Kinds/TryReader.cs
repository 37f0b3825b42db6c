using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

internal static class TryReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var source = step.Source["catch"]!; // required by the schema
        var at = step.Path + "/catch";
        var name = source["as"]?.AsString() ?? "error";
        Variables.Check(reader, step, "/catch/as", name);
        var inside = step.Around.With(name);
        return new TryTask
        {
            Path = step.TaskPath,
            Tasks = reader.List(step.Source["try"]!, step.Path + "/try", step.Around), // the task's kind says it is there
            Catch = new CatchClause
            {
                With = Filter(source["errors"]?["with"]),
                As = name,
                When = reader.Expressions.Bare(source["when"], at + "/when", inside.Variables),
                ExceptWhen = reader.Expressions.Bare(source["exceptWhen"], at + "/exceptWhen", inside.Variables),
                Retry = Retry(reader, source["retry"], at + "/retry", inside),
                Tasks = source["do"] is { } handler ? reader.List(handler, at + "/do", inside) : null,
            },
        };
    }

    /// <summary>The DSL's schema calls a filter's member <c>details</c>; an error's member is <c>detail</c>. A standard type is the same under both its names.</summary>
    private static JsonValue Filter(JsonValue? with)
    {
        if (with is null) return JsonValue.EmptyObject;
        if (with["details"] is { } details) with = with.Without("details").With("detail", details);
        return with["type"]?.StringOrNull() is { } type ? with.With("type", ProblemTypes.Standard(type)) : with;
    }

    private static RetryPolicy? Retry(TaskReader reader, JsonValue? value, string pointer, Surroundings inside)
    {
        if (value is null || reader.Reusables.Resolve("retries", value, pointer) is not var (source, at)) return null;
        var limit = source["limit"];
        return new RetryPolicy
        {
            When = reader.Expressions.Bare(source["when"], at + "/when", inside.Variables),
            ExceptWhen = reader.Expressions.Bare(source["exceptWhen"], at + "/exceptWhen", inside.Variables),
            Delay = reader.FixedDuration(source["delay"], at + "/delay", positive: false) ?? TimeSpan.Zero,
            Backoff = source["backoff"] switch
            {
                { } backoff when backoff["exponential"] is not null => Backoff.Exponential,
                { } backoff when backoff["linear"] is not null => Backoff.Linear,
                _ => Backoff.Constant,
            },
            AttemptLimit = limit?["attempt"]?["count"] is { } count ? (int)Math.Min(int.MaxValue, count.AsNumber()) : null,
            AttemptDuration = reader.FixedDuration(limit?["attempt"]?["duration"], at + "/limit/attempt/duration", positive: true),
            Duration = reader.FixedDuration(limit?["duration"], at + "/limit/duration", positive: true),
            JitterFrom = reader.FixedDuration(source["jitter"]?["from"], at + "/jitter/from", positive: false) ?? TimeSpan.Zero,
            JitterTo = reader.FixedDuration(source["jitter"]?["to"], at + "/jitter/to", positive: false) ?? TimeSpan.Zero,
        };
    }
}
