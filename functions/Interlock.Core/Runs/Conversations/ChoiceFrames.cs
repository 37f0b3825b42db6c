using System.Globalization;

namespace Interlock.Core.Runs.Conversations;

/// <summary>The frames of what an agent chose: <c>{frame}/calls@N</c>, N counting the loop's choices from 1.</summary>
public static class ChoiceFrames
{
    public static FrameId Of(FrameId loop, int number) => loop.Append(string.Create(CultureInfo.InvariantCulture, $"/calls@{number}"));
}
