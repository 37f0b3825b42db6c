using System.Globalization;
using Interlock.Core.Intake;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Execution;

/// <summary>
/// The workflow lifecycle events of the DSL (CNCF Serverless Workflow 1.0.3): started, completed, faulted, cancelled. They name the run and its
/// document, and never carry what it worked on: input, output and an error's detail are for those who may read the run.
/// </summary>
public static class LifecycleEvents
{
    /// <summary>What the types of all our events begin with: a subscription that feeds us leaves them out.</summary>
    public const string TypePrefix = "io.serverlessworkflow.";

    public static CloudEvent Started(RunState state) => Of(state, "started", state.StartedAt, []);

    /// <exception cref="ArgumentException">The run has not ended.</exception>
    public static CloudEvent Ended(RunState state) => state.Status switch
    {
        RunStatus.Completed => Of(state, "completed", state.Now, []),
        RunStatus.Cancelled => Of(state, "cancelled", state.Now, []),
        RunStatus.Faulted => Of(state, "faulted", state.Now, [("error", Error(state.Error))]),
        _ => throw new ArgumentException("The run has not ended.", nameof(state)),
    };

    private static CloudEvent Of(RunState state, string what, DateTimeOffset at, (string, JsonValue)[] more)
    {
        var time = at.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
        var slash = state.Workflow.Name.IndexOf('/', StringComparison.Ordinal);
        var definition = JsonValue.Object(("namespace", state.Workflow.Name[..slash]), ("name", state.Workflow.Name[(slash + 1)..]), ("version", state.Workflow.Version));
        var (id, source, type) = ($"{state.Id}:{what}", $"urn:interlock:{state.Tenant}", $"{TypePrefix}workflow.{what}.v1");
        return new CloudEvent(id, source, type, state.Id.Value, JsonValue.Object(
            ("specversion", "1.0"), ("id", id), ("source", source), ("type", type), ("subject", state.Id.Value), ("time", time), ("datacontenttype", "application/json"),
            ("data", JsonValue.Object([("name", state.Workflow.Name), ("definition", definition), (what + "At", time), .. more]))));
    }

    private static JsonValue Error(Problem? problem) => problem is null
        ? JsonValue.Null
        : JsonValue.Object(("type", problem.Type), ("status", problem.Status), ("instance", problem.Instance is { } instance ? instance : JsonValue.Null));
}
