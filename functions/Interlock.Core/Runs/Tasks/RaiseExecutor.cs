using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Tasks;

/// <summary>Raises the error the document describes.</summary>
internal static class RaiseExecutor
{
    public static void Enter(Machine machine, Frame frame, RaiseTask task) =>
        machine.Fail(frame.Id, Read(task.Error.Evaluate(frame.Input, machine.Scope(frame)), frame));

    private static Problem Read(JsonValue error, Frame frame)
    {
        if (error["type"]?.StringOrNull() is not { } type || error["status"] is not { IsNumber: true } status)
            throw new FormatException("An error has a 'type' (URI) and a 'status' (number).");
        return new Problem(type, (int)status.AsNumber(), error["title"]?.StringOrNull() ?? "Raised by the workflow", error["detail"]?.StringOrNull(), error["instance"]?.StringOrNull() ?? frame.Id.Value);
    }
}
