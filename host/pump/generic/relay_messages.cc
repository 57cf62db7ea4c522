// SPDX-License-Identifier: Apache-2.0
//
// The two directions of a call: what is read on one side, held for the end of the turn, and written on the other.
#include "pump/generic/relay.h"

namespace myelin::generic {

// Headers go out alone (uncorked) or with the first message.
void Relay::StartUpstream(bool corked) {
  up_started_ = true;
  up_context_->set_initial_metadata_corked(corked);
  if (corked) {
    up_->StartCall(nullptr);
  } else {
    upward_.writing = true;
    up_->StartCall(Begin(up_started_event_));
  }
}

void Relay::ReadDown() {
  upward_.reading = true;
  down_.Read(&upward_.incoming, Begin(down_read_));
}

void Relay::ReadUp() {
  downward_.reading = true;
  up_->Read(&downward_.incoming, Begin(up_read_));
}

void Relay::OnDownRead(bool ok) {
  upward_.reading = false;
  if (ok) {
    Touch();
    call_.AddSent(upward_.incoming.Length(), 1);
    if (upward_.holding && !upward_.writing) WriteUp();
    upward_.held.Swap(&upward_.incoming);
    upward_.holding = true;
  } else {
    upward_.end_read = true;
  }
  AdvanceUp();
  Done();
}

// Moves the upward direction as far as it can go without waiting for the end of the turn.
void Relay::AdvanceUp() {
  if (!up_ || up_finishing_ || have_status_) return;
  if (upward_.end_read) {
    if (!upward_.writing) EndUp();
    return;
  }
  const bool room = !upward_.holding || !upward_.writing;
  if (room && !upward_.reading) ReadDown();
  if (upward_.holding && !upward_.writing) worker_.FlushLater(*this);
}

void Relay::WriteUp() {
  const bool first = !up_started_;
  if (first) StartUpstream(true);
  upward_.outgoing.Swap(&upward_.held);
  upward_.held.Clear();
  upward_.holding = false;
  upward_.writing = true;
  if (upward_.end_read) {
    upward_.end_sent = true;
    up_->WriteLast(upward_.outgoing, grpc::WriteOptions(), Begin(up_written_));
  } else {
    up_->Write(upward_.outgoing, Begin(up_written_));
  }
  if (first) up_->ReadInitialMetadata(Begin(up_headers_));
}

void Relay::EndUp() {
  if (upward_.end_sent) return;
  if (upward_.holding) {
    WriteUp();
    return;
  }
  const bool first = !up_started_;
  if (first) StartUpstream(true);
  upward_.end_sent = true;
  upward_.writing = true;
  up_->WritesDone(Begin(up_written_));
  if (first) up_->ReadInitialMetadata(Begin(up_headers_));
}

void Relay::OnUpStarted(bool) {
  upward_.writing = false;
  AdvanceUp();
  Done();
}

// A write that fails means that the upstream has ended the stream: its status follows, and nothing more is read for it.
void Relay::OnUpWritten(bool ok) {
  upward_.writing = false;
  upward_.outgoing.Clear();
  if (ok) {
    AdvanceUp();
  } else {
    upward_.end_sent = true;
    upward_.end_read = true;
    upward_.holding = false;
    upward_.held.Clear();
  }
  Done();
}

void Relay::OnUpHeaders(bool ok) {
  if (ok) {
    up_headers_seen_ = true;
    Touch();
    call_.OnFirstByte();
    if (!have_status_) {
      ForwardInitial(up_context_->GetServerInitialMetadata(), down_context_);
      down_headers_due_ = true;
      worker_.FlushLater(*this);
    }
    ReadUp();
  } else {
    downward_.end_read = true;
    FinishUp();
  }
  Done();
}

void Relay::OnUpRead(bool ok) {
  downward_.reading = false;
  if (!ok) {
    downward_.end_read = true;
    FinishUp();
    Done();
    return;
  }
  Touch();
  call_.AddReceived(downward_.incoming.Length(), 1);
  if (downward_.holding && !downward_.writing) WriteDown();
  downward_.held.Swap(&downward_.incoming);
  downward_.holding = true;
  AdvanceDown();
  Done();
}

void Relay::AdvanceDown() {
  if (down_finishing_ || down_done_) return;
  if (have_status_) {
    if (!downward_.writing) FinishDown();
    return;
  }
  if (up_finished_ || up_finishing_) return;
  const bool room = !downward_.holding || !downward_.writing;
  if (room && !downward_.reading && up_headers_seen_ && !downward_.end_read) ReadUp();
  if (downward_.holding && !downward_.writing) worker_.FlushLater(*this);
}

void Relay::WriteDown() {
  down_headers_sent_ = true;
  down_headers_due_ = false;
  downward_.writing = true;
  if (!downward_.holding) {
    down_.SendInitialMetadata(Begin(down_written_));
    return;
  }
  downward_.outgoing.Swap(&downward_.held);
  downward_.held.Clear();
  downward_.holding = false;
  down_.Write(downward_.outgoing, Begin(down_written_));
}

void Relay::OnDownWritten(bool ok) {
  downward_.writing = false;
  downward_.outgoing.Clear();
  if (ok) AdvanceDown();
  Done();
}

// End of the turn: nothing came that the held could be sent with.
void Relay::Flush() {
  if (down_done_ || have_status_) return;
  if (up_ && !up_finishing_) {
    if (!up_started_ && !upward_.holding) {
      StartUpstream(false);
      up_->ReadInitialMetadata(Begin(up_headers_));
    } else if (upward_.holding && !upward_.writing) {
      WriteUp();
      AdvanceUp();
    }
  }
  const bool due = downward_.holding || (down_headers_due_ && !down_headers_sent_);
  if (due && !downward_.writing && !down_finishing_) {
    WriteDown();
    AdvanceDown();
  }
}

}  // namespace myelin::generic
