using Interlock.Core;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;
using static Interlock.Tests.Runs.Conversations.Loops;

namespace Interlock.Tests.Runs;

/// <summary>What happens in each golden run.</summary>
internal static class GoldenScripts
{
    public static IReadOnlyDictionary<string, Func<WorkflowDefinition, RunHarness>> All { get; } = new Dictionary<string, Func<WorkflowDefinition, RunHarness>>
    {
        ["data-flow"] = definition => RunHarness.Of(definition, Json("""{"order":{"id":"o-1","lines":[{"sku":"a","count":2},{"sku":"b","count":1}]}}"""))
            .Complete("price", Json("""{"total":30,"currency":"EUR","internal":true}""")).Complete("book", Json("""{"booking":"b-7"}""")),

        ["flow"] = definition => RunHarness.Of(definition, Json("""{"kind":"batch","items":["x","y","z","never"]}"""))
            .Complete("handle", Json("""{"left":2}""")).Complete("handle", Json("""{"left":1}""")).Complete("handle", Json("""{"left":0}"""))
            .Complete("poll", Json("""{"ready":false}""")).Complete("poll", Json("""{"ready":true}""")),

        ["fork-merge"] = definition => RunHarness.Of(definition)
            .Complete("right", Json("""{"v":2}""")).Complete("left", Json("""{"v":1}""")).Complete("slow", "half").Complete("fast", "won").Complete("slower", "lost"),

        ["fork-conflict"] = definition => RunHarness.Of(definition).Complete("left", Json("""{"v":1}""")).Complete("right", Json("""{"v":2}""")),

        ["try-retry"] = definition => RunHarness.Of(definition)
            .Fail("fetch").Fire("work", TimerPurpose.Delay).Fail("fetch").Fire("work", TimerPurpose.Delay)
            .Fire("work", TimerPurpose.Attempt).Complete("/do/0/work/try@3/0/fetch", "too late").Complete("report", Json("""{"reported":true}""")),

        ["timeouts"] = definition => RunHarness.Of(definition)
            .Fire("optional", TimerPurpose.Timeout).Fire("pause", TimerPurpose.Delay).Fail("optional").Complete("needed").Fire("", TimerPurpose.Timeout).Fire("last", TimerPurpose.Abandoned),

        ["timeouts-in-order"] = definition => RunHarness.Of(definition)
            .Fire("optional", TimerPurpose.Timeout).Fire("optional", TimerPurpose.Abandoned).Fire("pause", TimerPurpose.Delay).Complete("needed")
            .Fire("", TimerPurpose.Timeout).Fire("last", TimerPurpose.Abandoned),

        ["raise"] = definition => RunHarness.Of(definition, Json("""{"amount":12000}""")),

        ["approval-approved"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}""")).Approve("ask").Complete("apply", Json("""{"id":1}""")).Complete("tell"),

        ["approval-rejected"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}""")).Reject("ask"),

        ["approval-escalated"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .Fire("ask", TimerPurpose.GateExpiry).Close("ask", GateOutcome.Expired)
            .Fire("ask", TimerPurpose.GateExpiry).Close("ask", GateOutcome.Expired).Fail("apply", 403, ProblemTypes.Refused),

        ["cancel"] = definition => RunHarness.Of(definition).Complete("first", Json("""{"id":"f"}""")).Cancel()
            .Complete("second", Json("""{"id":"s"}""")).Complete("undo:second").Complete("undo:first"),

        ["saga"] = definition => RunHarness.Of(definition)
            .Complete("flight", Json("""{"id":"F"}""")).Complete("hotel", Json("""{"id":"H"}""")).Complete("car", Json("""{"id":"C"}""")).Fail("pay", 402)
            .Fail("undo:car", 500).Fire("/do/1/hotel!undo", TimerPurpose.Compensation).Complete("undo:flight"),

        ["suspend"] = definition => RunHarness.Of(definition).Suspend().Complete("one", Json("""{"n":1}""")).Fire("pause", TimerPurpose.Delay).Wait(TimeSpan.FromHours(3)).Resume().Complete("two"),

        ["gate-also"] = definition => RunHarness.Of(definition, Json("""{"to":"kim"}""")).Fire("ask", TimerPurpose.GateExpiry).Close("ask", GateOutcome.Expired).Approve("ask").Complete("pay"),

        ["gate-returned"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .Return("ask", """{"what":"Which release?","urgent":true}""").Complete("look", Json("""{"release":41}""")).Approve("ask").Complete("apply"),

        ["gate-edited"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .ApproveEdited("ask", ("apply", """{"service":"db","force":true}"""), ("tell", """{"text":"Restarted db"}"""))
            .Complete("apply", Json("""{"id":"c-1"}""")).Fail("tell").Complete("undo:apply"),

        ["gate-second-look"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}""")).Approve("ask").Complete("look", Json("""{"host":"h-7"}"""))
            .Refuse("apply", "second-look-required").Wait(TimeSpan.FromMinutes(30)).Approve("apply").Complete("apply", Json("""{"id":"c-1"}""")).Fail("tell").Complete("undo:apply"),

        ["gate-reopened"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}""")).Approve("ask").Complete("look", Json("""{"host":"h-7"}"""))
            .Refuse("apply", "intent-mismatch").Fire("apply", TimerPurpose.GateExpiry).Close("apply", GateOutcome.Expired).ApproveEdited("apply", ("apply", """{"service":"web","host":"h-8"}"""))
            .Refuse("apply", "grant-expired").Reject("apply").Complete("tell"),

        ["step-retried"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .Fail("apply").Choose("apply", "retry").Fire("apply", TimerPurpose.Timeout).Complete("/do/0/apply#2", Json("""{"id":"late"}""")).Complete("undo:apply")
            .Choose("apply", "retry").Complete("apply", Json("""{"id":"c-1"}""")).Complete("tell"),

        ["step-edited"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .Fail("apply").Choose("apply", "edit", """{"service":"web","force":true}""").Complete("apply", Json("""{"id":"c-1"}""")).Fail("tell").Complete("undo:apply"),

        ["agent-autonomous"] = definition => RunHarness.Of(definition, Json("""{"ticket":"mail is down"}""")).Open(Terms())
            .Choose(("crm__search", Why("mail")), ("crm__delete", Why("all")), ("crm__refund", Why("100", "the order is lost"))).Refuse(Choice(3), "grant-required")
            .Complete(Choice(1), "found").CloseIn(Choice(3), GateOutcome.Approved).Complete(Choice(3), "paid")
            .Choose(("writer", Why("a letter")), ("ops__restart", Why("mail"))).Open(Nested(Search), Choice(4)).ChooseIn(Choice(4), ("crm__search", Why("address"))).Complete(Choice(1, Choice(4)), "Kim")
            .Ended(Choice(5), RunStatus.Completed, """{"ok":true}""").Say("Dear Kim", Choice(4))
            .Choose(("crm__refund", Why("999"))).Refuse(Choice(6), "grant-required").CloseIn(Choice(6), GateOutcome.Rejected).Say("Solved.").Complete("note"),

        ["agent-exhausted"] = definition => RunHarness.Of(definition, Json("""{"ticket":"mail is down"}""")).Open(Terms())
            .Choose(("crm__search", Why("a"))).Complete(Choice(1), new string('a', 3000)).Choose(("crm__search", Why("b"))).Complete(Choice(2), new string('b', 3000))
            .Open(Terms() with { Agent = "scribe", Pool = [], Instructions = "You summarise." }).Say("Two long things.")
            .Choose(("crm__search", Why("c")), ("crm__search", Why("d"))).Fire("triage", TimerPurpose.Limit).Complete(Choice(3), "late").Fail(Choice(4)).Say("Half of it.").Complete("note"),

        ["agent-called"] = definition => RunHarness.Of(definition, Json("""{"ticket":"mail is down"}""")).Open(Terms(Search) with { Limits = new() { Calls = 1 } })
            .Choose(("crm__search", Why("a"))).Complete(Choice(1), "A").Say("""{"kind":"mail"}""").Open(Terms(Search) with { Limits = new() { Calls = 1 } }, "/do/1/again")
            .ChooseIn("/do/1/again", ("crm__search", Why("a")), ("crm__search", Why("b"))).Complete(Choice(1, "/do/1/again"), "A").Complete("undo:triage"),

        ["step-failed"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}""")).Fail("apply").Reject("apply"),

        ["step-expired"] = definition => RunHarness.Of(definition, Json("""{"service":"web"}"""))
            .Fail("apply").Fire("apply", TimerPurpose.GateExpiry).Close("apply", GateOutcome.Expired).Complete("tell"),

        ["step-skipped"] = definition => RunHarness.Of(definition, Json("""{"items":["even","odd","last"]}"""))
            .Fail("handle").Choose("one", "retry").Complete("handle", "done").Choose("one", "skip").Complete("handle", "done too"),

        ["events"] = definition => RunHarness.Of(definition, Json("""{"order":"o-7","items":["a"]}""")).Emitted("ask")
            .Arrive("hear", """{"id":"1","type":"orders.stock.said","subject":"o-7","currency":"EUR","data":{"count":0}}""")
            .Arrive("hear", """{"id":"2","type":"orders.price.said","subject":"o-8","data":{"price":9,"currency":"EUR"}}""")
            .Arrive("hear", """{"id":"3","type":"orders.price.said","subject":"o-7","data":{"price":12,"currency":"EUR"}}""")
            .Arrive("hear", """{"id":"3","type":"orders.price.said","subject":"o-7","data":{"price":12,"currency":"EUR"}}""")
            .Arrive("hear", """{"id":"4","type":"orders.stock.said","subject":"o-7","currency":"USD","data":{"count":3}}""")
            .Arrive("hear", """{"id":"5","type":"orders.stock.said","subject":"o-7","currency":"EUR","data":{"count":3}}""")
            .Arrive("watch", """{"id":"6","type":"orders.part","data":{"amount":5}}""").Suspend()
            .Arrive("watch", """{"id":"7","type":"orders.paid","data":{"amount":7}}""").Arrive("watch", """{"id":"6","type":"orders.part","data":{"amount":5}}""").Resume()
            .Complete("book", Json("""{"entry":"b-1"}""")).Arrive("watch", """{"id":"8","type":"orders.closed"}""").Complete("book", Json("""{"entry":"b-2"}""")),

        ["listening"] = definition => RunHarness.Of(definition).Fire("pause", TimerPurpose.Delay)
            .Arrive("readings", """{"type":"t.a","data":{"c":60}}""").Arrive("readings", """{"type":"t.b","data":{"c":41}}""")
            .Fire("late", TimerPurpose.Timeout).Emitted("tell")
            .Arrive("optional", """{"type":"t.a","data":1}""").Arrive("optional", """{"type":"t.a","data":2}""").Complete("look").Fire("optional", TimerPurpose.Timeout).Complete("look", "late"),

        ["child-runs"] = definition => RunHarness.Of(definition, Json("""{"order":"o-7"}"""))
            .Ended("part", RunStatus.Faulted, problem: new Problem(ProblemTypes.Communication, 503, "Away", "The part is away.", "/do/0/ask")).Fire("safe", TimerPurpose.Delay)
            .Ended("part", RunStatus.Completed, """{"text":"done"}""").Started("aside").Complete("book", Json("""{"id":"b-1"}""")).Ended("last", RunStatus.Cancelled).Complete("undo:book"),

        ["incident-remediation"] = definition => RunHarness.Of(definition, Json(
                """[{"id":"e1","type":"com.zendesk.ticket.escalated","data":{"id":"T-1","subject":"Checkout is down","body":"502 since 01:55","requester":"kim"}}]"""))
            .Complete("classify", Json("""{"service":"checkout","severity":"high","recommendation":"restart","confidence":0.93,"reason":"Errors began with release 41"}"""))
            .Wait(TimeSpan.FromMinutes(20)).Approve("approve")
            .Complete("apply", Json("""{"changeId":"chg-9"}""")).Complete("verify", Json("""{"healthy":true}""")).Fail("log").Complete("undo:apply", Json("""{"reverted":true}""")),
    };

    private static JsonValue Json(string text) => StrictJson.Parse(System.Text.Encoding.UTF8.GetBytes(text));
}
