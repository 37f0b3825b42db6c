using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway;

/// <summary>Whether a decision is one that the gate asks for.</summary>
internal static class DecisionForm
{
    private const int MaxInformation = 32 * 1024;

    public static GateResult.Refused? Refuse(Gate gate, Decision decision) => decision switch
    {
        Decision.Reject { Reason: var reason } when string.IsNullOrWhiteSpace(reason) => new("reason-required", 400, "Say why: the reason goes to the run and into the audit."),
        Decision.Return back => Refuse(gate, back.Information),
        Decision.Resolve { Choice: StepChoices.Retry or StepChoices.Skip } resolve when Offers(gate, resolve.Choice) || gate.IsEditRetried(resolve.Choice) => null,
        Decision.Resolve => Invalid("The gate does not offer this."),
        Decision.Approve when gate.Request.Failure is not null => Invalid("This gate asks what to do about a failed step: retry it, skip it, change its arguments, or let it fail."),
        Decision.Edit when gate.Request.Failure is not null && !Offers(gate, StepChoices.Edit) => Invalid("The gate does not offer to change the arguments."),
        Decision.Edit when gate.Run is null => new("edit-not-possible", 409, "A client's own call is made by the client, with its own arguments; reject it and say what it should be."),
        Decision.Edit edit when edit.Calls.IsEmpty || edit.Calls.Select(call => call.Frame).Distinct().Count() != edit.Calls.Length => Invalid("Name each call to change once."),
        Decision.Edit edit when edit.Calls.FirstOrDefault(call => !gate.Calls.Any(bound => bound.Frame == call.Frame)) is not null => Invalid("The gate covers no such call."),
        _ => null,
    };

    private static GateResult.Refused? Refuse(Gate gate, JsonValue information)
    {
        if (gate.Request.Information is not { } schema) return Invalid("This gate can't be sent back for information.");
        if (information.Size > MaxInformation) return Invalid("The form holds more than 32 Ki characters.");
        return JsonSchema.Compile(schema, JsonSchemaOptions.Asserting).Validate(information) is [var first, ..]
            ? Invalid($"The form is not complete at '{first.InstanceLocation}': {first.Message}")
            : null;
    }

    private static bool Offers(Gate gate, string choice) => gate.Request.Failure?.Options.Contains(choice) == true;

    private static GateResult.Refused Invalid(string detail) => new("invalid-decision", 400, detail);
}
