using Interlock.Core;
using Interlock.Core.Agents;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>
/// What an agent answers: a message, or a task as one answer shows it or as the events of a stream add up to it. 0.3 and 1.0 alike: states go by their names of 0.3, and a
/// part is what it holds.
/// </summary>
internal sealed class A2aAnswer
{
    private const int MaxArtifacts = 10_000;
    private const int MaxId = 1024;

    private readonly List<JsonValue> _artifacts = [];
    private JsonValue _result = JsonValue.Null;
    private JsonValue? _message;
    private JsonValue? _status;
    private string? _garbled;

    /// <summary>The task's id, once one is known.</summary>
    public string? Task { get; private set; }

    /// <summary>Whether nothing more is to come of it: it is a message, or a task that ended, paused or makes no sense.</summary>
    public bool IsOver => _garbled is not null || _message is not null || (_status is not null && State is not ("submitted" or "working"));

    /// <summary>The id of a task that is still being worked on, else null.</summary>
    public string? Running => IsOver || _status is null ? null : Task;

    private string? State => _status?["state"]?.StringOrNull() switch
    {
        { } newer when newer.StartsWith("TASK_STATE_", StringComparison.Ordinal) => newer["TASK_STATE_".Length..].Replace('_', '-').ToLowerInvariant(),
        var state => state,
    };

    /// <summary>The answer of one result.</summary>
    public static A2aAnswer Of(JsonValue result)
    {
        var answer = new A2aAnswer();
        answer.Take(result);
        return answer;
    }

    /// <summary>Takes a result: of a request, or the next one of a stream.</summary>
    public void Take(JsonValue result)
    {
        _result = result;
        switch (result["kind"]?.StringOrNull())
        {
            case "message": _message = result; break;
            case "task": TakeTask(result); break;
            case "status-update": TakeStatus(result); break;
            case "artifact-update": TakeArtifact(result); break;
            case null when result["message"] is { IsObject: true } message: _message = message; break;
            case null when result["task"] is { IsObject: true } task: TakeTask(task); break;
            case null when result["statusUpdate"] is { IsObject: true } status: TakeStatus(status); break;
            case null when result["artifactUpdate"] is { IsObject: true } artifact: TakeArtifact(artifact); break;
            case null when result["id"] is not null && result["status"] is not null: TakeTask(result); break;
            default: _garbled = "The result is neither a message nor a task."; break;
        }
    }

    /// <summary>How the call ended; of one that gave the parts of its message the output is the whole message or task as the agent wrote it.</summary>
    public UpstreamResult Read(UpstreamCall call) => Read() switch
    {
        UpstreamResult.Completed done when call.Tool == EndpointTarget.A2a.Method => done with { Output = Whole().Without("history") },
        var other => other,
    };

    private UpstreamResult Read()
    {
        if (_garbled is { } why) return Garbled(why);
        if (_message is { } message) return Completed(message["parts"], isError: false);
        return State switch
        {
            "completed" => Completed(Parts(), isError: false),
            "rejected" => new UpstreamResult.Rejected(new Problem(ProblemTypes.Communication, 502, "The agent rejected the task", Said().StringOrNull())),
            "failed" or "canceled" => Completed(Parts(), isError: true),
            "input-required" when Pause() is { } pause => new UpstreamResult.Completed(Paused(), IsError: true)
            {
                Problem = AgentPause.Problem(pause),
            },
            "input-required" or "auth-required" => new UpstreamResult.Completed(Paused(), IsError: true),
            var state => Garbled($"The task's state is {state ?? "missing"}."),
        };
    }

    private void TakeTask(JsonValue task)
    {
        if (!IsThe(task["id"])) return;
        _status = task["status"];
        _artifacts.Clear();
        if (task["artifacts"] is { IsArray: true } artifacts) _artifacts.AddRange(artifacts.Items.Take(MaxArtifacts));
        Context = task["contextId"]?.StringOrNull() ?? Context;
        Metadata = task["metadata"];
    }

    private void TakeStatus(JsonValue update)
    {
        if (!IsThe(update["taskId"])) return;
        _status = update["status"];
        Context = update["contextId"]?.StringOrNull() ?? Context;
        Metadata = update["metadata"] ?? Metadata;
    }

    /// <summary>A new artifact, another word on one, or more parts of it.</summary>
    private void TakeArtifact(JsonValue update)
    {
        if (!IsThe(update["taskId"]) || update["artifact"] is not { IsObject: true } artifact) return;
        var known = _artifacts.FindIndex(other => other["artifactId"] == artifact["artifactId"]);
        if (known < 0 && _artifacts.Count == MaxArtifacts) _garbled = $"The task has more than {MaxArtifacts} artifacts.";
        else if (known < 0) _artifacts.Add(artifact);
        else if (update["append"]?.Kind == JsonKind.True) _artifacts[known] = _artifacts[known].With("parts", JsonValue.Array(PartsOf(_artifacts[known]).Concat(PartsOf(artifact))));
        else _artifacts[known] = artifact;
    }

    private string? Context { get; set; }

    private JsonValue? Metadata { get; set; }

    /// <summary>One answer is about one task.</summary>
    private bool IsThe(JsonValue? id)
    {
        if (id?.StringOrNull() is not { Length: > 0 and <= MaxId } task || (Task is not null && Task != task)) _garbled = "The answer is about another task, or about none.";
        else Task = task;
        return _garbled is null;
    }

    /// <summary>What a stream added up to has no one result.</summary>
    private JsonValue Whole() => _message is not null || _result["kind"]?.StringOrNull() == "task" || _result["id"] is not null
        ? _result
        : _result["task"] ?? JsonValue.Object(
            ("kind", "task"), ("id", Task ?? ""), ("contextId", Context ?? ""), ("status", _status ?? JsonValue.Null), ("artifacts", JsonValue.Array(_artifacts)));

    /// <summary>The parts of all artifacts; without artifacts those of the status message.</summary>
    private JsonValue Parts() => _artifacts.Count == 0 ? _status?["message"]?["parts"] ?? JsonValue.EmptyArray : JsonValue.Array(_artifacts.SelectMany(PartsOf));

    /// <summary>The handle that an agent which paused gives back: with the status, the task, or as a data part of its message.</summary>
    private AgentPause? Pause()
    {
        var message = _status?["message"];
        var handle = message?["metadata"]?[AgentPause.Meta] ?? Metadata?[AgentPause.Meta]
            ?? (message is null ? null : PartsOf(message).Select(part => part["data"]?[AgentPause.Meta]).FirstOrDefault(given => given is not null));
        return handle?.StringOrNull() is { } text && Ids.IsHex32(text) ? new AgentPause(text, Task, Context is { Length: <= MaxId } ? Context : null) : null;
    }

    /// <summary>What is needed to go on with a paused task: its ids, its state and what the agent asks.</summary>
    private JsonValue Paused() => JsonValue.Object(("state", State ?? ""), ("taskId", Task ?? ""), ("contextId", Context is null ? JsonValue.Null : JsonValue.From(Context)), ("message", Said()));

    private JsonValue Said() => _status?["message"] is { } message ? Text(PartsOf(message)) : "";

    private static UpstreamResult Completed(JsonValue? parts, bool isError)
    {
        if (parts is not { IsArray: true }) return Garbled("The answer has no parts.");
        var data = parts.Items.FirstOrDefault(part => part["data"] is not null && part["kind"]?.StringOrNull() is null or "data");
        return new UpstreamResult.Completed(data?["data"] ?? Text(parts.Items), isError);
    }

    private static IEnumerable<JsonValue> PartsOf(JsonValue holder) => holder["parts"] is { IsArray: true } parts ? parts.Items : [];

    private static JsonValue Text(IEnumerable<JsonValue> parts) =>
        string.Join('\n', parts.Select(part => part["kind"]?.StringOrNull() is null or "text" ? part["text"]?.StringOrNull() : null).OfType<string>());

    private static UpstreamResult.Unknown Garbled(string why) => UpstreamFailures.Of(new JsonRpcReply.Garbled(why));
}
