using System.Collections.Immutable;
using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>Approving with other arguments: each call's, as JSON that one can change. The desk validates them; here they are only read.</summary>
internal static class EditSection
{
    public const string Name = "edit";

    private const string Why = "edit-reason";

    public static Html Render(ReviewView view) => Html.When(IsOffered(view.Gate), () => Html.Of($"""
        <details{(view.Draft.Form == Name ? Html.Of($" open") : Html.Empty)}><summary>Change the arguments, then {(view.Gate.Request.Failure is null ? "approve" : "retry")}</summary>
        <p class="dim">What you send is checked against each tool's contract. Votes cast before are void, and others who must approve see your arguments.</p>
        {DecisionSection.Form(view, Html.Of($"""
          {Html.Join(view.Gate.Calls.Select((call, index) => Call(view.Draft, call, Field(index))))}
          <label for="{Why}">Why you change them <span class="dim">kept in the audit</span></label>
          <textarea id="{Why}" name="{Why}" rows="2" maxlength="2000">{DecisionSection.Typed(view.Draft, Why)}</textarea>
          <div class="buttons"><button name="decision" value="{Name}">{(view.Gate.Request.Failure is null ? "Approve with these arguments" : "Retry with these arguments")}</button></div>
          """))}
        </details>
        """));

    /// <summary>The act, or null and what is wrong with what was typed.</summary>
    public static (Act? Act, Draft Draft) Read(Gate gate, string shown, Draft draft)
    {
        var edited = ImmutableArray.CreateBuilder<EditedCall>();
        for (var i = 0; i < gate.Calls.Length; i++)
        {
            var (arguments, problem) = Parse(draft.Fields[Field(i)]);
            if (arguments is null) draft = draft.With(Field(i), $"{gate.Calls[i].Target.Name}: {problem}");
            else if (arguments != gate.Calls[i].Arguments) edited.Add(new EditedCall(gate.Calls[i].Frame, arguments));
        }
        if (!draft.Errors.IsEmpty) return (null, draft);
        if (edited.Count == 0) return (null, draft.With(Field(0), "Nothing is changed; to approve what is shown, approve it."));
        return (ActReader.Decide(new Decision.Edit(draft.Fields[Why], shown, edited.ToImmutable())), draft);
    }

    private static bool IsOffered(Gate gate) => gate.Run is not null && !gate.Calls.IsEmpty && (gate.Request.Failure is not { } failure || failure.Options.Contains(StepChoices.Edit));

    private static Html Call(Draft draft, BoundCall call, string field)
    {
        var json = PrettyJson.Write(call.Arguments);
        return Html.Of($"""
            <label for="{field}">Arguments of {call.Target.Name} <span class="dim">{call.Frame.Value}, JSON</span></label>
            {DecisionSection.Errors(draft, field)}
            <textarea id="{field}" name="{field}" class="code" rows="{Math.Min(24, json.Count(c => c == '\n') + 2)}" spellcheck="false" autocapitalize="none" autocomplete="off"{DecisionSection.Described(draft, field)}>{DecisionSection.Typed(draft, field, json)}</textarea>
            """);
    }

    private static (JsonValue? Value, string? Problem) Parse(string? text)
    {
        if (text is null) return (null, "Arguments are needed; {} are none.");
        try
        {
            var value = StrictJson.Parse(text);
            return value.IsObject ? (value, null) : (null, "Arguments are a JSON object.");
        }
        catch (NotIJsonException e)
        {
            return (null, e.Message);
        }
    }

    private static string Field(int index) => string.Create(CultureInfo.InvariantCulture, $"arguments-{index}");
}
