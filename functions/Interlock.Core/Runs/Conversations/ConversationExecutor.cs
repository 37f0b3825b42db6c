using System.Globalization;
using Interlock.Core.Agents;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Runs.Conversations;

/// <summary>
/// Chat agents at work, whether a document calls one, gives one a goal, or another agent chose it: a turn of the model, then the calls that it chose, then the next turn,
/// until it answers without choosing anything or a limit is reached.
/// </summary>
internal static class ConversationExecutor
{
    public static void Enter(Machine machine, Frame frame, AutonomousTask task) =>
        machine.Issue(new Command.OpenAgent(machine.NewEffect(frame.Id, "agent"), frame.Id, task.Path, task.Planner, task.PlannerVersion, task.Pool));

    /// <summary>The agent is known: its conversation begins, or it summarises one.</summary>
    public static void Opened(Machine machine, Frame frame, Command command, AgentTerms terms)
    {
        if (frame.State is FrameState.Conversation { Phase: ConversationPhase.OpeningSummarizer } waiting)
        {
            Summarise(machine, machine.Update(frame with { State = waiting with { Summarizer = terms } }));
            return;
        }
        var task = command is Command.OpenAgent ? machine.Definition.Task(frame.Path) as AutonomousTask : null;
        if (task is not null) terms = terms with { Limits = Bounded(task.Limits, terms.Limits), Context = task.Context ?? terms.Context };
        var goal = task is not null ? task.Goal.Evaluate(frame.Input, machine.Scope(frame)) : ((Command.Call)command).Arguments; // an agent is opened for one or the other
        var conversation = new FrameState.Conversation(terms, goal)
        {
            Grant = (command as Command.Call)?.Grant,
            AnswersAtLimit = task?.OnExhausted == ExhaustedAction.Answer,
            EndsAt = machine.Now + terms.Limits.Time,
        };
        frame = machine.Update(frame with { State = conversation });
        if (conversation.EndsAt is { } due) machine.StartTimer(frame, due, TimerPurpose.Limit, "limit");
        machine.Say(frame, JsonValue.Object(("role", "user"), ("content", goal)));
        Ask(machine, frame);
    }

    /// <summary>A turn answered; or a summary is there.</summary>
    public static void Answered(Machine machine, Frame frame, JsonValue output)
    {
        var conversation = (FrameState.Conversation)frame.State;
        var answer = ModelAnswer.Read(output);
        machine.Say(frame, output.With("role", conversation.Phase == ConversationPhase.Summarising ? "summary" : "assistant"));
        var isTurn = conversation.Phase is ConversationPhase.Asking or ConversationPhase.Concluding;
        var judged = conversation.Phase == ConversationPhase.Asking ? Selections.Judge(conversation, answer, Above.Conversations(machine, frame).Count() - 1) : [];
        frame = Above.Charge(machine, frame, answer.Tokens, (isTurn ? conversation.Terms.Prices : conversation.Summarizer?.Prices)?.Of(answer.Tokens) ?? 0);
        conversation = (FrameState.Conversation)frame.State;
        if (!isTurn)
        {
            Ask(machine, machine.Update(frame with { State = answer.Text.Length > 0 ? ContextWindow.Summarised(conversation, answer.Text) : ContextWindow.Dropped(conversation) }));
            return;
        }
        conversation = conversation with { Counts = conversation.Counts with { Turns = conversation.Counts.Turns + 1 } };
        frame = machine.Update(frame with { State = conversation });
        if (judged.IsEmpty) Conclude(machine, frame, conversation, answer);
        else ChoiceExecutor.Begin(machine, frame, conversation, answer, judged);
    }

    /// <summary>A turn failed: so does the task. A summary is done without; a last answer that fails leaves the limit that was reached.</summary>
    public static void Failed(Machine machine, Frame frame, Problem problem)
    {
        var conversation = (FrameState.Conversation)frame.State;
        switch (conversation.Phase)
        {
            case ConversationPhase.OpeningSummarizer or ConversationPhase.Summarising:
                Ask(machine, machine.Update(frame with { State = ContextWindow.Dropped(conversation) }));
                break;
            case ConversationPhase.Concluding:
                GiveUp(machine, frame, new Reached(conversation.Exhausted!, conversation.Terms), problem.Detail ?? problem.Title); // it concludes because one was reached
                break;
            case var _ when conversation.EndsAt <= machine.Now:
                Exhaust(machine, frame, new Reached(LimitNames.Time, conversation.Terms));
                break;
            default:
                machine.Fail(frame.Id, problem with { Instance = frame.Id.Value });
                break;
        }
    }

    /// <summary>The loop's time is over: what is under way is asked to stop.</summary>
    public static void TimeUp(Machine machine, Frame frame)
    {
        if (frame.State is FrameState.Conversation { Phase: not ConversationPhase.Concluding } conversation) Exhaust(machine, frame, new(LimitNames.Time, conversation.Terms));
    }

    /// <summary>The next turn, unless a limit is reached or there is too much to show.</summary>
    public static void Ask(Machine machine, Frame frame)
    {
        var conversation = (FrameState.Conversation)frame.State;
        if (Exhaustion.OfTurns(machine, frame) is { } reached)
        {
            Exhaust(machine, frame, reached);
            return;
        }
        if (!ContextWindow.TooMuch(conversation).IsEmpty)
        {
            if (conversation.Terms.Context.Summarizer is { } summarizer && conversation.Phase is not (ConversationPhase.OpeningSummarizer or ConversationPhase.Summarising))
            {
                frame = machine.Update(frame with { State = conversation with { Phase = ConversationPhase.OpeningSummarizer } });
                if (conversation.Summarizer is not null) Summarise(machine, frame);
                else machine.Issue(new Command.OpenAgent(machine.NewEffect(frame.Id, Numbered("summarizer", conversation.Counts.Turns)), frame.Id, frame.Path, summarizer, null, PoolRequest.None));
                return;
            }
            conversation = ContextWindow.Dropped(conversation);
        }
        Turn(machine, frame, conversation with { Phase = ConversationPhase.Asking });
    }

    /// <summary>Ends the loop at a limit: with a last answer where one is wanted, else with the error.</summary>
    public static void Exhaust(Machine machine, Frame frame, Reached reached)
    {
        machine.Interrupt(frame.Id);
        machine.WithdrawOwn(frame, IsOfLoop);
        frame = machine.Find(frame.Id)!; // only what is beneath it was stopped
        var conversation = (FrameState.Conversation)frame.State;
        if (!conversation.AnswersAtLimit)
        {
            GiveUp(machine, frame, reached);
            return;
        }
        conversation = ChoiceExecutor.GivenUp(conversation, reached.Limit) with { Phase = ConversationPhase.Concluding, Exhausted = reached.Limit };
        Turn(machine, frame, ContextWindow.Dropped(conversation));
    }

    /// <summary>What the loop waits for itself: not the task's timeout, nor a lock that it holds.</summary>
    private static bool IsOfLoop(Command command) => command is Command.CallModel or Command.OpenAgent or Command.StartTimer { Purpose: TimerPurpose.Limit };

    private static void Turn(Machine machine, Frame frame, FrameState.Conversation conversation)
    {
        frame = machine.Update(frame with { State = conversation });
        var (purpose, latest) = conversation.Phase == ConversationPhase.Concluding ? ("answer", machine.Now + RunLimits.LastAnswer) : (Numbered("turn", conversation.Counts.Turns), conversation.EndsAt);
        Call(machine, frame, conversation.Terms, purpose, ChatForm.Turn(conversation), Machine.Earlier(frame.Deadline, latest));
    }

    private static void Summarise(Machine machine, Frame frame)
    {
        var conversation = (FrameState.Conversation)frame.State;
        var summarizer = conversation.Summarizer!; // it was opened
        var body = ChatForm.Summary(conversation, ContextWindow.TooMuch(conversation), summarizer);
        frame = machine.Update(frame with { State = conversation with { Phase = ConversationPhase.Summarising } });
        Call(machine, frame, summarizer, Numbered("summary", conversation.Counts.Turns), body, Machine.Earlier(frame.Deadline, conversation.EndsAt));
    }

    /// <summary>A turn is repeated where nobody knows whether it happened: it changes nothing anywhere.</summary>
    private static void Call(Machine machine, Frame frame, AgentTerms terms, string purpose, JsonValue body, DateTimeOffset? due)
    {
        var (conversation, behind) = ((FrameState.Conversation)frame.State, Above.Agents(machine, frame));
        var isOwn = ReferenceEquals(terms, conversation.Terms); // a summarizer was opened for itself, and by no gate
        machine.Issue(new Command.CallModel(machine.NewEffect(frame.Id, purpose), frame.Id, frame.Path, terms.Agent, terms.Version, body, due ?? machine.Now + RunLimits.DefaultDeadline)
        {
            Grant = isOwn ? conversation.Grant : null,
            RequiresGrant = isOwn && frame.Choice is null && machine.Definition.IsCovered(frame.Path),
            OnInDoubt = InDoubtAction.Retry,
            Agent = behind?[^1],
            AgentsBehind = behind is { Count: > 1 } ? [.. behind.SkipLast(1)] : null,
        });
    }

    /// <summary>The model chose nothing: what it says is the answer, if it said all of it.</summary>
    private static void Conclude(Machine machine, Frame frame, FrameState.Conversation conversation, ModelAnswer answer)
    {
        if (conversation.Phase == ConversationPhase.Concluding && answer.Text.Length == 0)
        {
            GiveUp(machine, frame, new Reached(conversation.Exhausted!, conversation.Terms), "Asked for its answer, it gave none."); // it concludes because one was reached
            return;
        }
        if (answer.Finish is "length" or "filter")
        {
            machine.Fail(frame.Id, new Problem(ProblemTypes.ToolError, 502, "The agent did not finish", $"The answer of '{conversation.Terms.Agent}' was cut off ({answer.Finish}).", frame.Id.Value));
            return;
        }
        var output = frame.Choice is null && machine.Definition.Task(frame.Path) is AutonomousTask ? Summed(conversation, answer) : Read(answer.Text);
        machine.WithdrawOwn(frame, IsOfLoop);
        if (frame.Choice is null) machine.RememberUndo(frame, conversation.Grant, output);
        machine.Complete(frame, output);
    }

    private static void GiveUp(Machine machine, Frame frame, Reached reached, string? more = null) => machine.Fail(frame.Id, reached.Problem(frame.Id, more));

    private static JsonValue Summed(FrameState.Conversation conversation, ModelAnswer answer)
    {
        var counts = conversation.Counts;
        var summed = JsonValue.Object(
            ("answer", answer.Text), ("turns", counts.Turns), ("calls", counts.Calls),
            ("tokens", JsonValue.Object(("input", counts.Tokens.Input), ("output", counts.Tokens.Output))), ("cost", counts.Cost));
        return conversation.Exhausted is { } limit ? summed.With("exhausted", limit) : summed;
    }

    /// <summary>An answer that is JSON and nothing else is that value.</summary>
    private static JsonValue Read(string text)
    {
        try
        {
            return StrictJson.Parse(text);
        }
        catch (NotIJsonException)
        {
            return text;
        }
    }

    /// <summary>The document says how long the loop may be; what the operator says of tokens, cost and time holds besides.</summary>
    private static AgentLimits Bounded(AgentLimits task, AgentLimits agent) =>
        task.Within(task with { Tokens = agent.Tokens, Cost = agent.Cost, Time = agent.Time });

    private static string Numbered(string purpose, int before) => string.Create(CultureInfo.InvariantCulture, $"{purpose}:{before + 1}");
}
