using Interlock.Core.Endpoints;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary><c>call: a2a</c>: a message to the agent that is registered at an address. Its tasks are followed by Interlock, so no other method is called.</summary>
internal static class A2aReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        if (with["method"]!.AsString() is not EndpointTarget.A2a.Method and var method) // required by the schema
        {
            reader.Log.Error("unsupported", at + "/method", $"{Quote.Short(method)} is not called from a workflow: message/send gives the answer whole, and a task that the agent makes of it is followed to its end");
            return new UnreadTask { Path = step.TaskPath };
        }
        var (endpoint, place) = with["agentCard"] is { } card ? (card["endpoint"], at + "/agentCard/endpoint") : (with["server"], at + "/server");
        if (endpoint is null)
        {
            reader.Log.Error("endpoint", at, "name the agent by its agentCard or its server");
            return new UnreadTask { Path = step.TaskPath };
        }
        var (url, parts) = (EndpointCall.Url(reader, endpoint, place), Parts(reader, step, with["parameters"] ?? JsonValue.EmptyObject, at + "/parameters"));
        if (url is null || parts is null) return new UnreadTask { Path = step.TaskPath };
        return new AgentTask
        {
            Path = step.TaskPath,
            Target = new EndpointTarget.A2a(url).ToString(),
            Arguments = new Template.Map([new("parts", parts)]),
            OnInDoubt = CallParts.OnInDoubt(step.Source["metadata"]?["interlock"] ?? JsonValue.EmptyObject),
            Computed = CallParts.Computed(step),
            Compensate = CallParts.Compensate(reader, step),
        };
    }

    /// <summary>The message's parts: its id is the effect's, its role is the user's, and nothing else is said to an agent.</summary>
    private static Template? Parts(TaskReader reader, Step step, JsonValue parameters, string at)
    {
        if (EndpointCall.Unknown(reader, parameters, at, "message")) return null;
        var message = parameters["message"] ?? JsonValue.EmptyObject;
        if (EndpointCall.Unknown(reader, message, at + "/message", "parts", "role", "kind")) return null;
        if (message["role"] is { } role && role.StringOrNull() != "user") reader.Log.Error("unsupported", at + "/message/role", "a workflow speaks to an agent as its user");
        if (message["parts"] is { } parts) return reader.Expressions.Template(parts, at + "/message/parts", step.Around.Variables);
        reader.Log.Error("schema", at + "/message", "a message has parts");
        return null;
    }
}
