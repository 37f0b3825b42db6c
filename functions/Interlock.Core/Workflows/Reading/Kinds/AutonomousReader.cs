using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary><c>call: autonomous</c>: everything that bounds the planner is written out, so that a reader sees it before anything runs; only its goal is computed.</summary>
internal static class AutonomousReader
{
    private const decimal Micro = 1_000_000;

    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        return new AutonomousTask
        {
            Path = step.TaskPath,
            Goal = reader.Expressions.Template(with["goal"]!, at + "/goal", step.Around.Variables), // required by the schema
            Planner = with["planner"]!.AsString(), // required by the schema
            PlannerVersion = with["version"]?.AsString(),
            Pool = Pool(with["pool"]!), // required by the schema
            Limits = Limits(reader, with["limits"]!, at + "/limits"), // required by the schema
            Context = with["context"] is { } context ? Context(context) : null,
            OnExhausted = with["onExhausted"]?.AsString() == "answer" ? ExhaustedAction.Answer : ExhaustedAction.Fail,
            Approval = with["approval"] is { } people ? StepEscalationReader.Of(reader, people, at + "/approval") with { Choices = [StepChoice.Fail] } : null,
        };
    }

    private static PoolRequest Pool(JsonValue pool) => new() { Tools = Names(pool["tools"]), Agents = Names(pool["agents"]), Workflows = Names(pool["workflows"]) };

    private static ImmutableArray<string> Names(JsonValue? list) => [.. list?.Items.Select(item => item.AsString()) ?? []];

    private static AgentLimits Limits(TaskReader reader, JsonValue limits, string at) => new()
    {
        Steps = Number(limits["steps"], 0), // required by the schema, as calls is
        Calls = Number(limits["calls"], 0),
        Tokens = (long?)limits["tokens"]?.AsNumber(),
        Cost = limits["cost"] is { } cost ? (long)decimal.Ceiling((decimal)cost.AsNumber() * Micro) : null,
        Time = reader.FixedDuration(limits["time"], at + "/time", positive: true),
        ConsecutiveFailures = Number(limits["consecutiveFailures"], AgentLimits.Default.ConsecutiveFailures),
        Repeats = Number(limits["repeats"], AgentLimits.Default.Repeats),
    };

    private static ContextPolicy Context(JsonValue context) => new()
    {
        Keep = Number(context["keep"], ContextPolicy.Default.Keep),
        MaxTokens = (long?)context["maxTokens"]?.AsNumber() ?? ContextPolicy.Default.MaxTokens,
        ReferenceAbove = Number(context["referenceAbove"], ContextPolicy.Default.ReferenceAbove),
        Summarizer = context["summarizer"]?.AsString(),
    };

    private static int Number(JsonValue? value, int otherwise) => (int?)value?.AsNumber() ?? otherwise;
}
