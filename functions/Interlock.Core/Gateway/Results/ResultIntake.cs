using System.Text;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Results;

/// <summary>
/// What an upstream answered, before it is recorded or anybody sees it: its shape is held against the contract, then what the operator named is blanked out, then what is
/// too large becomes an artifact. An answer of the wrong shape is refused; that it was made counts all the same.
/// </summary>
internal sealed class ResultIntake(Artifacts artifacts, Mac mac)
{
    private const string Rule = "result-invalid";
    private const string Purpose = "interlock/redacted-result";
    private const int RunBytes = 64 * 1024;
    private const int ClientBytes = 1024 * 1024;
    private const int PreviewBytes = 1024;
    private const int MaxErrors = 10;

    public async Task<TakenResult> TakeAsync(GatewayCall call, CallContract contract, UpstreamResult.Completed answer)
    {
        var invalid = answer.IsError ? null : Invalid(call, contract, answer);
        UpstreamResult.Completed redacted;
        RedactionMark? mark;
        try
        {
            (redacted, mark) = Redacted(contract, answer);
        }
        catch (Exception e) when (Redactor.IsUnfit(e))
        {
            return Refused(call, "What the operator wants blanked out of its results can't be found in them: correct the tool's settings.");
        }
        if (invalid is not null) return new TakenResult(redacted, invalid, mark);
        var limit = Math.Min(contract.Tool.MaxResultBytes ?? (call.HasClient ? ClientBytes : RunBytes), call.ReferenceAbove ?? int.MaxValue);
        if (!call.HasClient) redacted = redacted with { Output = call.IsWhole ? redacted.Result ?? redacted.Output : redacted.Output, Result = null }; // nobody relays it
        var value = redacted.Result ?? redacted.Output;
        if (value.Size * 6 <= limit || CanonicalJson.Serialize(value).Length <= limit) return new TakenResult(redacted, null, mark); // a character is at most six bytes: \u0000
        if (UpstreamOperations.Is(contract.WireName)) return Refused(call, $"It is larger than {limit} bytes.", mark);
        return new TakenResult(await KeptAsync(call, contract, redacted, limit), null, mark);
    }

    /// <summary>What an upstream asks the caller, without what the operator's patterns find.</summary>
    public static UpstreamResult.InputRequired Asked(CallContract contract, UpstreamResult.InputRequired asked) => contract.Tool.Redact.IsEmpty || asked.Requests is null
        ? asked
        : asked with { Requests = new Redactor(contract.Tool.Redact).Everywhere(asked.Requests) };

    /// <summary>The problem names places and keywords, and nothing of the answer.</summary>
    private static Problem? Invalid(GatewayCall call, CallContract contract, UpstreamResult.Completed answer)
    {
        if (contract.OutputSchema is not { } schema) return null;
        try
        {
            var structured = answer.Result is null ? answer.Output : answer.Result["structuredContent"];
            if (structured is null or { IsNull: true }) return Problem(call, "It has no structured content, and the contract promises it.");
            var errors = ValidateStage.Compiled(schema).Validate(structured);
            return errors.Count == 0 ? null : Problem(call, "It is not what the contract promises: " + string.Join(", ", errors.Take(MaxErrors).Select(error => $"'{Excerpt.Of(error.InstanceLocation, 100)}' ({error.Keyword})")) + ".");
        }
        catch (JsonSchemaException)
        {
            return Problem(call, "The contract's output schema can't be used.");
        }
    }

    private (UpstreamResult.Completed Answer, RedactionMark? Mark) Redacted(CallContract contract, UpstreamResult.Completed answer)
    {
        if (contract.Tool.Redact.IsEmpty) return (answer, null);
        var redactor = new Redactor(contract.Tool.Redact);
        var redacted = answer.Result is { } result ? MethodResult.Completed(redactor.Result(result), answer.IsError) : answer with { Output = redactor.Output(answer.Output) };
        return redactor.Count == 0 ? (answer, null) : (redacted, new RedactionMark(redactor.Count, mac.Sign(Purpose, answer.Result ?? answer.Output)));
    }

    /// <summary>
    /// A run gets a handle with the beginning; a client the beginning as text, and a link to the whole. Structured content that is no larger than the limit by itself stays: clients hold it
    /// against the contract. Where the contract promises it and it is larger, the client gets an error that says that the call was done.
    /// </summary>
    private async Task<UpstreamResult.Completed> KeptAsync(GatewayCall call, CallContract contract, UpstreamResult.Completed answer, int limit)
    {
        var whole = call.HasClient && !answer.Output.IsString ? answer.Result ?? answer.Output : answer.Output;
        var artifact = await artifacts.KeepAsync(call, whole);
        var preview = Preview(whole.StringOrNull() ?? whole.ToString());
        if (!call.HasClient)
        {
            return new UpstreamResult.Completed(
                JsonValue.Object(("artifact", artifact.Digest), ("size", artifact.Size), ("mediaType", artifact.MediaType), ("preview", preview), ("uri", artifact.Uri)), answer.IsError);
        }
        var structured = answer.Result?["structuredContent"] is { } whichever && CanonicalJson.Serialize(whichever).Length <= limit ? whichever : null;
        var isBroken = contract.OutputSchema is not null && structured is null && !answer.IsError;
        var advice = isBroken ? "The call was done and is not to be made again; its result is too large to be handed on. " : "";
        var text = JsonValue.Object(("type", "text"), ("text", $"{advice}The result has {artifact.Size} bytes and is kept at {artifact.Uri}. It begins: {preview}"));
        var link = JsonValue.Object(("type", "resource_link"), ("uri", artifact.Uri), ("name", contract.WireName), ("mimeType", artifact.MediaType), ("size", artifact.Size));
        var result = JsonValue.Object(("content", JsonValue.Array(text, link)));
        if (structured is not null) result = result.With("structuredContent", structured);
        return MethodResult.Completed(answer.IsError || isBroken ? result.With("isError", true) : result, answer.IsError);
    }

    private static string Preview(string text)
    {
        var length = PreviewBytes - 4;
        while (Encoding.UTF8.GetByteCount(Excerpt.Of(text, length)) > PreviewBytes) length /= 2;
        return Excerpt.Of(text, length);
    }

    private static TakenResult Refused(GatewayCall call, string why, RedactionMark? mark = null) => new(new UpstreamResult.Completed(JsonValue.Null, false), Problem(call, why), mark);

    private static Problem Problem(GatewayCall call, string why) =>
        new(ProblemTypes.ToolError, 502, $"'{call.Target}' was done and its result refused", why + " The call is not made again.") { Stage = SettleStage.Name, Rule = Rule };
}
